"""A recount as lines for a person: the verdict first, then its figures."""

import datetime as dt
from collections.abc import Iterator

from stream.recount.verdict import Recount, Removed

_WRONG_SHOWN = 10


def text(found: Recount) -> str:
    """Write what was found, one thing a line."""
    return "\n".join([f"{found.room}: {_verdict(found)}", *_figures(found)])


def _verdict(found: Recount) -> str:
    if found.agrees:
        return "what the stream has counted is what Kafka holds."
    if found.agrees is False:
        return "the stream has NOT counted what Kafka holds."
    if found.removed is not None:
        return "part of it is no longer in Kafka; nothing in the rest contradicts."
    return "recounted; the frames of that time are not all kept, to compare with."


def _figures(found: Recount) -> Iterator[str]:
    if found.from_ms is not None and found.to_ms is not None:
        yield f"  from {_time(found.from_ms)} to {_time(found.to_ms)}"
    yield _line(found.recounted, "recounted from the raw reactions")
    if found.counted is not None:
        yield _line(found.counted, "counted by the stream, of the same part")
    if found.difference:
        yield _line(found.difference, "difference")
    for number, what in (
        (found.repeated, "repeats, left out"),
        (found.overdue, "repeats so late that they may count or not"),
        (found.unreadable, "unreadable, left out"),
        (found.missing or 0, "in Kafka, and in no total"),
    ):
        if number:
            yield _line(number, what)
    yield from _wrong(found)
    if found.removed is not None:
        yield from _removed(found.removed)
    took = f"{found.read:,} in {found.seconds:.1f} s"
    yield f"  {found.per_s:,} reactions read a second ({took})"


def _wrong(found: Recount) -> Iterator[str]:
    for emoji, (counted, recounted) in list(found.wrong.items())[:_WRONG_SHOWN]:
        yield f"  {emoji}  counted {counted:,}, but Kafka holds {recounted:,}"
    more = len(found.wrong) - _WRONG_SHOWN
    if more > 0:
        yield f"  and {more} emoji more: --json names all"


def _removed(removed: Removed) -> Iterator[str]:
    places = ", ".join(f"{p}/{offset}" for p, offset in removed.below.items())
    yield f"  Kafka has removed what lay below (partition/offset): {places}"
    if removed.since_ms is not None:
        yield f"  all that was stored since {_time(removed.since_ms)} is kept"


def _line(number: int, what: str) -> str:
    return f"  {number:>15,}  {what}"


def _time(moment_ms: int) -> str:
    moment = dt.datetime.fromtimestamp(moment_ms / 1000, dt.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
