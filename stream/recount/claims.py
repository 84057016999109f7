"""What the stream says it has counted, taken from what it wrote; pure.

Its own memory of a room names offsets up to which nothing can change any more, and
its frames name windows: either can be compared with the log.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import msgspec

Counts = dict[str, int]
Offsets = dict[str, int]
"""The next offset to read, by partition."""

REST = ""
"""In a room's totals: the sum of the emoji that it does not name."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What is said of one room.

    Attributes:
        total: As its audience sees it now.
        counts: What was counted of the records below `through`.
        through: Offsets at which a trigger began to read.
    """

    total: int
    counts: Counts
    through: Offsets


class BadClaim(ValueError):
    """What the stream wrote cannot be read: another version wrote it."""


class _State(msgspec.Struct, frozen=True, rename={"start": "from"}):
    epoch: str
    batch: int
    start: Offsets = {}
    totals: Counts = {}
    open: dict[int, Counts] = {}
    before: dict[int, Counts] = {}

    @property
    def trigger(self) -> tuple[str, int]:
        return (self.epoch, self.batch)

    def counts(self) -> Counts:
        return _sum([self.totals, *self.open.values()])

    def counts_before(self) -> Counts:
        """Return what was counted before the trigger that wrote this."""
        return _sum([self.totals, *{**self.open, **self.before}.values()])


def claim_of(room: str, rooms: Mapping[str, bytes]) -> Claim | None:
    """Return what is said of `room`; None if nothing is.

    The newest trigger of all rooms says where it began to read: all rooms stand at
    these offsets but those that it wrote itself, and they remember what was before.

    Args:
        room: Whose claim.
        rooms: The newest value of each key of the topic `rooms`.

    Raises:
        BadClaim: If one of them cannot be read.
    """
    if room not in rooms:
        return None
    states = {name: _decode(value, _State) for name, value in rooms.items()}
    newest = max(states.values(), key=lambda state: state.trigger)
    ours = states[room]
    is_newest = ours.trigger == newest.trigger
    counts = ours.counts_before() if is_newest else ours.counts()
    return Claim(sum(ours.counts().values()), counts, newest.start)


class _Frame(msgspec.Struct, frozen=True):
    room: str
    epoch: str
    seq: int
    window_start_ms: int
    window_ms: int
    counts: Counts
    other: int


@dataclass(frozen=True, slots=True)
class _Run:
    """What one epoch says of a window: so many, and so many before the trigger."""

    seq: int = -1
    count: int = 0
    before: int = 0

    def then(self, seq: int, count: int) -> "_Run":
        if seq < self.seq:
            return self
        if seq == self.seq:  # a trigger that ran again takes its own place
            return replace(self, count=count)
        return _Run(seq, count, self.count)


@dataclass(frozen=True, slots=True)
class Windows:
    """How much was counted of a room in each window.

    Attributes:
        counts: By the window's start.
        window_ms: The lengths that the windows have.
    """

    counts: dict[int, int]
    window_ms: frozenset[int]

    def between(self, from_ms: int, to_ms: int) -> int:
        """Return the sum of the windows that begin in that time."""
        return sum(n for start, n in self.counts.items() if from_ms <= start < to_ms)


def windows_of(room: str, frames: Iterable[bytes]) -> Windows:
    """Read each window's count from the frames, in the order of their log.

    A new epoch counts again what the newest trigger of the old one had counted: of
    the old epoch that trigger does not count.

    Raises:
        BadClaim: If one of them cannot be read.
    """
    runs: dict[tuple[int, str], _Run] = {}
    newest: dict[str, int] = {}
    lengths: set[int] = set()
    for raw in frames:
        frame = _decode(raw, _Frame)
        newest[frame.epoch] = max(frame.seq, newest.get(frame.epoch, -1))
        if frame.room == room:
            at = (frame.window_start_ms, frame.epoch)
            count = sum(frame.counts.values()) + frame.other
            runs[at] = runs.get(at, _Run()).then(frame.seq, count)
            lengths.add(frame.window_ms)
    last = max(newest, default="")
    counts: dict[int, int] = {}
    for (start_ms, epoch), run in runs.items():
        is_cut = epoch != last and run.seq == newest[epoch]
        count = run.before if is_cut else run.count
        counts[start_ms] = counts.get(start_ms, 0) + count
    return Windows(counts, frozenset(lengths))


def _sum(parts: Iterable[Counts]) -> Counts:
    total: Counts = {}
    for part in parts:
        for emoji, count in part.items():
            total[emoji] = total.get(emoji, 0) + count
    return total


_Wire = TypeVar("_Wire", _State, _Frame)


def _decode(raw: bytes, kind: type[_Wire]) -> _Wire:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadClaim(f"not readable as the stream writes it: {error}") from error
