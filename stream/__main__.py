"""Wire the stream from its settings and run it until it is told to stop."""

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial

from confluent_kafka import KafkaException
from prometheus_client import start_http_server
from pyspark.sql.streaming.query import StreamingQuery

import stream.topics
from compose import logs
from compose.settings import BadSetting, Settings
from ingest.topics import reactions_name
from stream import metrics
from stream.checkpoint import Checkpoint
from stream.epoch import Epoch, Shape
from stream.frame import Pulse
from stream.heartbeat import Heartbeat
from stream.query import PLAN, Plan, Source, Triggers
from stream.reject_query import RejectQuery
from stream.restarting import Restarting
from stream.room_log import LogReader, LogUnavailable, PulseWriter, RoomLog
from stream.spark import SparkOptions, open_session
from stream.warmup import warm_up
from stream.windows import RoomState

log = logging.getLogger("stream")

_LOOK_EVERY_S = 0.1
"""How soon the end of the query, or being told to stop, is noticed."""


def main(plan: Plan = PLAN) -> int:
    """Run until SIGTERM or SIGINT, or until the query fails."""
    try:
        settings = Settings.load()
    except BadSetting as error:
        sys.stderr.write(f"{error}\n")
        return 2
    logs.configure(settings.log_level)
    # Until the query runs there is nothing to end in order.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        return run(settings, plan)
    except (LogUnavailable, KafkaException) as error:
        log.error("Kafka is away: %s", error)  # noqa: TRY400 - a trace adds nothing
        return 1


def run(settings: Settings, plan: Plan) -> int:
    """Run the query until a signal ends it between two triggers, or it fails.

    Returns:
        The exit code.
    """
    prefix, servers = settings.kafka_topic_prefix, settings.bootstrap_servers
    frames = stream.topics.frames(prefix).name
    # Taking over comes first: it ends what another driver had left open.
    room_log = RoomLog(
        servers,
        transactional_id=f"{prefix}stream",
        rooms=stream.topics.rooms(prefix).name,
        frames=frames,
    )
    start_http_server(settings.stream_metrics_port, addr=settings.bind_host)
    checkpoint = Checkpoint(settings.stream_dir)
    states, epoch, is_behind = _take_over(settings, checkpoint)
    log.info("taken over epoch=%s rooms=%d", epoch.name, len(states))
    options = _spark_options(settings)
    spark = open_session(options)
    if not is_behind:  # else what waits is counted at once, whatever it takes
        warm_up(spark, epoch.shape, options.scratch)
        log.info("warmed up")
    source = Source(servers, epoch.shape.reactions)
    records = plan.read(spark, source, epoch)
    triggers = Triggers(epoch, checkpoint, states, room_log)
    stopping = _told_to_stop()
    query = triggers.start(
        plan.count(spark, records, epoch), every_ms=settings.stream_trigger_ms
    )
    log.info("query running trigger_ms=%d", settings.stream_trigger_ms)
    topic, folder = stream.topics.rejects(prefix).name, settings.stream_dir / "rejects"
    rejects = Restarting(RejectQuery(spark, source, topic, epoch, folder).start)
    pulse = partial(_send_pulse, PulseWriter(servers, frames=frames), epoch)
    _watch_until(stopping, query, triggers, pulse, rejects)
    ended = _end(query, triggers) if stopping.is_set() else _failed(query, triggers)
    rejects.stop()
    spark.stop()
    return ended


def _told_to_stop() -> threading.Event:
    """Return what a signal sets from now on."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    return stopping


def _take_over(
    settings: Settings, checkpoint: Checkpoint
) -> tuple[dict[str, RoomState], Epoch, bool]:
    """Read what earlier runs left, and whether reactions wait already."""
    prefix = settings.kafka_topic_prefix
    reader = LogReader(settings.bootstrap_servers)
    states = reader.states(stream.topics.rooms(prefix).name)
    reactions = reactions_name(prefix)
    shape = Shape(
        reactions=reactions,
        topic_id=reader.topic_id(reactions),
        window_ms=settings.stream_window_ms,
        dedupe_s=settings.stream_dedupe_s,
        shuffle_partitions=settings.spark_shuffle_partitions,
    )
    epoch = checkpoint.epoch(shape, states, reader)
    is_behind = checkpoint.is_behind(epoch, reader)
    reader.close()
    return states, epoch, is_behind


def _spark_options(settings: Settings) -> SparkOptions:
    return SparkOptions(
        master=settings.spark_master,
        driver_memory_mb=settings.spark_driver_memory_mb,
        shuffle_partitions=settings.spark_shuffle_partitions,
        jars=settings.jars_dir / "spark",
        scratch=settings.stream_dir / "scratch",
    )


def _watch_until(
    stopping: threading.Event,
    query: StreamingQuery,
    triggers: Triggers,
    pulse: Callable[[], None],
    rejects: Restarting,
) -> None:
    """Send a pulse every two seconds while triggers are completed or none is due."""
    heart = Heartbeat(time.monotonic(), triggers.completed())
    while query.isActive and not stopping.wait(_LOOK_EVERY_S):
        rejects.look()
        now_s = time.monotonic()
        if not heart.is_due(now_s):
            continue
        is_triggering = query.status["isTriggerActive"]
        if heart.beats(now_s, triggers.completed(), is_triggering=is_triggering):
            pulse()


def _send_pulse(pulses: PulseWriter, epoch: Epoch) -> None:
    now_ms = time.time_ns() // 1_000_000
    pulses.write(Pulse(v=1, epoch=epoch.name, sent_ms=now_ms))
    metrics.LAST_PULSE.set(now_ms / 1000)


def _end(query: StreamingQuery, triggers: Triggers) -> int:
    """End the query between two triggers."""
    log.info("told to stop: ending after the running trigger")
    triggers.stop()
    while query.isActive and query.status["isTriggerActive"]:
        time.sleep(_LOOK_EVERY_S)
    query.stop()
    log.info("ended")
    return 0


def _failed(query: StreamingQuery, triggers: Triggers) -> int:
    """Say why the query ended by itself: the reason, without Spark's plan of it."""
    reason = triggers.failure or str(query.exception()).partition("\n===")[0]
    log.critical("query ended: %s", reason)
    return 1


if __name__ == "__main__":
    sys.exit(main())
