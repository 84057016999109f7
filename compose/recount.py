"""`emostream recount`: a room counted again from the raw reactions in Kafka."""

import contextlib
import datetime as dt
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import msgspec

import stream.topics
from compose.errors import Refused
from compose.lifecycle import NotReady, wait_until
from compose.recount_lines import text
from compose.settings import Settings
from ingest.topics import reactions_name
from mosquitto.topic import ROOM_PATTERN
from stream.recount.claims import BadClaim, Claim, Offsets, claim_of, windows_of
from stream.recount.kept import KafkaAway, KeptLog
from stream.recount.reading import Kept
from stream.recount.run import Below, Between, NotRecounted, run
from stream.recount.tally import Tally
from stream.recount.verdict import Recount, Removed
from stream.spark import SparkOptions

_MINUTE_MS = 60_000
_SETTLED_MS = 10_000
"""A window that ended so long ago is in a frame, unless the stream is behind."""

_FRAMES_KEPT_MS = 55 * _MINUTE_MS
"""For an hour every frame is kept; later only the newest of a room is for certain."""

_COUNTED_WITHIN_S = 10.0
"""After this long a total that lacks something is said to."""

_NICE = 10
"""Below the stream's own: what an audience waits for comes first."""


def show(
    settings: Settings, room: str, since: str, until: str, *, as_json: bool
) -> bool:
    """Recount and print; return whether nothing speaks against the totals.

    Args:
        settings: Whose Kafka, and whose jars.
        room: Which room.
        since: The first minute, ISO 8601 or HH:MM of today, UTC; empty for all.
        until: The minute after the last; empty for the newest that is over.
        as_json: For programs: one object.

    Raises:
        Refused: If it cannot be done.
    """
    if not re.fullmatch(ROOM_PATTERN, room):
        raise Refused(f"{room!r} is no room.")
    between = _between(since, until)
    log = KeptLog(settings.bootstrap_servers)
    try:
        if between is None:
            found = _of_all(settings, log, room)
        else:
            found = _of_time(settings, log, room, between)
    except (KafkaAway, BadClaim, NotRecounted) as error:
        raise Refused(str(error)) from error
    finally:
        log.close()
    sys.stdout.write(f"{_json(found) if as_json else text(found)}\n")
    return found.agrees is not False


def _of_all(settings: Settings, log: KeptLog, room: str) -> Recount:
    # What is claimed comes first: the log then holds all of it.
    claim = _claim(settings, log, room)
    reactions = reactions_name(settings.kafka_topic_prefix)
    low, high = log.bounds(reactions)
    kept = Kept(settings.bootstrap_servers, reactions, low, high)
    tally, seconds = _tally(settings, kept, room, Below(claim.through))
    removed = _removed(log, reactions, low)
    total = claim.total if removed else _total(settings, log, room, tally.everywhere)
    return Recount.of_all(room, claim, tally, removed, total=total, seconds=seconds)


def _total(settings: Settings, log: KeptLog, room: str, wanted: int) -> int:
    """Return the newest total, once it is what it should be, or after a while."""
    with contextlib.suppress(NotReady):
        wait_until(
            lambda: _claim(settings, log, room).total >= wanted,
            within_s=_COUNTED_WITHIN_S,
            what="the total",
        )
    return _claim(settings, log, room).total


def _of_time(settings: Settings, log: KeptLog, room: str, between: Between) -> Recount:
    counted = _counted(settings, log, room, between)
    reactions = reactions_name(settings.kafka_topic_prefix)
    around_ms = settings.stream_dedupe_s * 1000
    low, _ = log.bounds(reactions)
    kept = Kept(
        settings.bootstrap_servers,
        reactions,
        log.offsets_at(reactions, between.from_ms - around_ms),
        log.offsets_at(reactions, between.to_ms + around_ms),
    )
    tally, seconds = _tally(settings, kept, room, between)
    removed = _removed(log, reactions, low)
    times = (between.from_ms, between.to_ms)
    return Recount.of_time(room, times, counted, tally, removed, seconds=seconds)


def _claim(settings: Settings, log: KeptLog, room: str) -> Claim:
    topic = stream.topics.rooms(settings.kafka_topic_prefix).name
    low, _ = log.bounds(topic)
    newest = dict(log.values(topic, low))
    states = {
        key.decode(errors="replace"): value for key, value in newest.items() if value
    }
    claim = claim_of(room, states)
    if claim is None:
        raise Refused(f"The stream has counted nothing of a room {room}.")
    return claim


def _counted(
    settings: Settings, log: KeptLog, room: str, between: Between
) -> int | None:
    """Return the sum of the windows of that time; None if it is not all kept."""
    if between.from_ms < _now_ms() - _FRAMES_KEPT_MS:
        return None
    topic = stream.topics.frames(settings.kafka_topic_prefix).name
    start = log.offsets_at(topic, between.from_ms)
    frames = [
        value
        for key, value in log.values(topic, start)
        if key != stream.topics.PULSE_KEY and value
    ]
    windows = windows_of(room, frames)
    if any(_MINUTE_MS % length_ms for length_ms in windows.window_ms):
        return None  # a window would lie in two minutes
    return windows.between(between.from_ms, between.to_ms)


def _tally(
    settings: Settings, kept: Kept, room: str, asked: Below | Between
) -> tuple[Tally, float]:
    os.nice(_NICE)
    settings.stream_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix="recount-", dir=settings.stream_dir, ignore_cleanup_errors=True
    ) as folder:
        options = SparkOptions(
            master=settings.spark_master,
            driver_memory_mb=settings.spark_driver_memory_mb,
            shuffle_partitions=settings.spark_shuffle_partitions,
            jars=settings.jars_dir / "spark",
            scratch=Path(folder) / "scratch",
        )
        rows, seconds = run(
            options, kept, room, asked, dedupe_s=settings.stream_dedupe_s
        )
    return Tally.of(rows), seconds


def _removed(log: KeptLog, topic: str, low: Offsets) -> Removed | None:
    below = {partition: offset for partition, offset in low.items() if offset}
    return Removed(below, log.oldest_ms(topic)) if below else None


def _between(since: str, until: str) -> Between | None:
    if not since and not until:
        return None
    if not since:
        raise Refused("--to needs a --from.")
    over_ms = _minute(_now_ms() - _SETTLED_MS)
    from_ms, to_ms = _moment(since), _moment(until) if until else over_ms
    if to_ms > over_ms:
        raise Refused(f"--to {until} is not over for {_SETTLED_MS // 1000} s yet.")
    if from_ms >= to_ms:
        raise Refused(f"Between --from {since} and --to there is no whole minute.")
    return Between(from_ms, to_ms)


def _moment(said: str) -> int:
    """Read a moment, cut down to its minute."""
    now = dt.datetime.now(dt.UTC)
    try:
        whole = f"{now.date()}T{said}" if re.fullmatch(r"\d\d:\d\d", said) else said
        moment = dt.datetime.fromisoformat(whole)
    except ValueError as error:
        raise Refused(
            f"{said!r} is no moment: 20:15 or 2026-11-20T20:15, in UTC."
        ) from error
    known = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return _minute(round(known.timestamp() * 1000))


def _minute(moment_ms: int) -> int:
    return moment_ms - moment_ms % _MINUTE_MS


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _json(found: Recount) -> str:
    return msgspec.json.encode(
        {**msgspec.structs.asdict(found), "per_s": found.per_s}
    ).decode()
