"""Wire the auditor from its settings and run it until it is told to stop."""

import logging
import os
import signal
import sqlite3
import sys
import threading

from confluent_kafka import KafkaException

import ingest.topics
import stream.topics
from compose import logs as log_lines
from compose.settings import BadSetting, Settings
from stream.auditor.auditor import Auditor
from stream.auditor.bounds import KafkaBounds
from stream.auditor.listener import Listener
from stream.auditor.logs import Logs
from stream.auditor.opening import FILE, open_books
from stream.auditor.page import Sources, serve
from stream.auditor.reader import Reader
from stream.auditor.source import Away, Kind, Moved, Rules

log = logging.getLogger("auditor")

_POLL_S = 0.2
"""How soon being told to stop is noticed."""


def main() -> int:
    """Run until SIGTERM or SIGINT, or until the logs cannot be read on."""
    try:
        settings = Settings.load()
    except BadSetting as error:
        sys.stderr.write(f"{error}\n")
        return 2
    log_lines.configure(settings.log_level)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        run(settings, stopping)
    except (Away, Moved, KafkaException) as error:
        # Started again, it opens the logs anew and says what is gone.
        log.error("cannot read: %s", error)  # noqa: TRY400 - a trace adds nothing
        return 1
    except (sqlite3.Error, OSError) as error:
        log.critical("cannot keep books: %s", error)
        return 1
    return 0


def run(settings: Settings, stopping: threading.Event) -> None:
    """Keep the books until `stopping` is set."""
    folder, servers = settings.auditor_dir, settings.bootstrap_servers
    topics = _topics(settings.kafka_topic_prefix)
    bounds = KafkaBounds(servers, topics)
    rules = Rules(settings.stream_dedupe_s * 1000, settings.stream_window_ms)
    books = open_books(folder, bounds, rules)
    logs = Logs(servers, topics, bounds, books.places)
    # Any cluster shows the same; the first that answers is listened to.
    clusters = range(1, settings.clusters + 1)
    listener = Listener([settings.broker_address(number) for number in clusters])
    auditor = Auditor(logs, books, listener.take)
    listener.start()
    reader = Reader(folder / FILE)
    sources = Sources(reader, lambda: auditor.is_caught_up, listener.age_s)
    serve(settings.auditor_port, settings.bind_host, sources)
    log.info("reading since_ms=%d as_of_ms=%d", books.since_ms, books.as_of_ms)
    while not stopping.is_set():
        auditor.step(_POLL_S)
    auditor.commit()
    books.close()
    listener.close()
    log.info("ended")


def _topics(prefix: str) -> dict[str, str]:
    return {
        Kind.REACTIONS: ingest.topics.reactions_name(prefix),
        Kind.FRAMES: stream.topics.frames(prefix).name,
        Kind.INTAKE: ingest.topics.intake(prefix).name,
    }


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    # librdkafka would wait for answers, and Kafka may be away.
    os._exit(code)
