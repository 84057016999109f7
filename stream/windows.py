"""A room's windows and totals: pure algebra, free of Spark and Kafka.

Spark's update mode tells of each trigger only the rows that changed, absolute
within their window. This module merges them into what is known of the room, so
that its total is exact across restarts, replays and new checkpoints:

- `open` holds the windows that may still change, `totals` the sum of all earlier
  ones; a room's total is both together.
- A trigger that is replayed may bring its reactions in other windows than at
  first, because which copy of a repeated batch survives is decided by chance. So
  the state remembers how the windows stood `before` the trigger that wrote it,
  and a replay starts from there.
- A new checkpoint starts a new epoch at the offsets where the newest trigger
  started: that trigger is taken back and everything older is summed up.

Which watermark may be trusted, and when, is `stream.progress`' business.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import msgspec

Counts = dict[str, int]
Windows = dict[int, Counts]
"""Counts by the start of their window, in milliseconds since the epoch."""

Offsets = dict[str, int]
"""The next offset to read, by partition."""

Trigger = tuple[str, int]
"""`(epoch, batch)`: of two triggers the higher is newer."""

NO_BATCH = -1

TOTALS_EMOJI_MAX = 8000
"""How many emoji `totals` names; twice as many as Unicode has.

Whoever can write to Kafka can make up more, and a state must not outgrow its topic.
"""

REST = ""
"""In `totals`, the sum of all that it does not name; no emoji is called so."""


@dataclass(frozen=True, slots=True)
class Row:
    """One emoji of one room in one window: so many so far."""

    room: str
    window_start_ms: int
    emoji: str
    count: int
    appended_ms: int


class RoomState(msgspec.Struct, frozen=True, rename={"start": "from"}):
    """All that the stream knows of a room; never changed in place.

    Attributes:
        epoch: The epoch that wrote it.
        batch: The trigger that wrote it, or `NO_BATCH`.
        start: The offsets at which that trigger started to read.
        through_ms: Windows that begin before this boundary are in `totals`.
        totals: Sum of the windows before `through_ms`; beyond `TOTALS_EMOJI_MAX`
            emoji the rarest are together in `REST`.
        open: The later windows.
        before: The windows that `batch` changed, in whichever of its runs, as they
            were before it.
    """

    epoch: str
    batch: int = NO_BATCH
    start: Offsets = {}
    through_ms: int = 0
    totals: Counts = {}
    open: Windows = {}
    before: Windows = {}

    @property
    def trigger(self) -> Trigger:
        """The trigger that wrote this state."""
        return (self.epoch, self.batch)

    def all_totals(self) -> Counts:
        """Return the sum of all windows since the first, by emoji or `REST`."""
        return _sum([self.totals, *self.open.values()])

    def encode(self) -> bytes:
        """Return the JSON that `decode` reads."""
        return msgspec.json.encode(self)

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a state that our own stream wrote."""
        return msgspec.json.decode(raw, type=cls)

    def rewound(self) -> Self:
        """Return the state as it was before the trigger that wrote it."""
        windows = {w: c for w, c in {**self.open, **self.before}.items() if c}
        return msgspec.structs.replace(self, open=windows, batch=NO_BATCH, before={})

    def merged(self, windows: Windows, *, batch: int, start: Offsets) -> Self:
        """Return the state with what trigger `batch` says of some windows.

        Args:
            windows: The changed rows: absolute counts, complete for no window.
            batch: The trigger's number. If it wrote this very state, this is its
                replay, and takes the place of what it wrote.
            start: The offsets at which the trigger started to read.
        """
        base = self.rewound() if self.batch == batch else self
        again = self.before if self.batch == batch else {}
        before = {w: base.open.get(w, {}) for w in {**again, **windows}}
        changed = {w: {**before[w], **counts} for w, counts in windows.items()}
        return msgspec.structs.replace(
            base,
            batch=batch,
            start=start,
            open={**base.open, **changed},
            before=before,
        )

    def summed_up(self, boundary_ms: int) -> Self:
        """Move the windows that begin before `boundary_ms` into the totals.

        Never a window that the newest trigger changed: a replay could not take it
        back any more.
        """
        boundary_ms = min([boundary_ms, *self.before])
        if boundary_ms <= self.through_ms:
            return self
        done = [counts for w, counts in self.open.items() if w < boundary_ms]
        return msgspec.structs.replace(
            self,
            through_ms=boundary_ms,
            totals=_bounded(_sum([self.totals, *done])),
            open={w: c for w, c in self.open.items() if w >= boundary_ms},
        )

    def in_epoch(self, epoch: str, cut: Trigger | None) -> Self:
        """Return the state with which `epoch` starts, reading from the cut on.

        Args:
            epoch: A new epoch.
            cut: The newest trigger of all rooms; `epoch` reads it once more.
        """
        if self.epoch == epoch:
            return self
        base = self.rewound() if self.trigger == cut else self
        totals = _bounded(base.all_totals())
        return type(self)(epoch=epoch, through_ms=base.through_ms, totals=totals)


def newest_trigger(states: Iterable[RoomState]) -> Trigger | None:
    """Return the newest trigger that wrote any of `states`."""
    return max((state.trigger for state in states), default=None)


def by_window(rows: Iterable[Row]) -> dict[str, Windows]:
    """Gather rows by room and window."""
    rooms: dict[str, Windows] = {}
    for row in rows:
        window = rooms.setdefault(row.room, {}).setdefault(row.window_start_ms, {})
        window[row.emoji] = row.count
    return rooms


class Rooms:
    """Every room of one epoch, carried from trigger to trigger."""

    def __init__(self, epoch: str, states: Mapping[str, RoomState]) -> None:
        self._epoch = epoch
        self._states = dict(states)

    def __len__(self) -> int:
        return len(self._states)

    def merge(
        self,
        rooms: Mapping[str, Windows],
        *,
        batch: int,
        start: Offsets,
        boundary_ms: int,
    ) -> dict[str, RoomState]:
        """Merge a trigger's rows, then sum up what can no longer change.

        Args:
            rooms: The changed rows of the trigger, from `by_window`.
            batch: The trigger's number.
            start: The offsets at which the trigger started to read.
            boundary_ms: A window boundary at or below the watermark of the last
                completed trigger; 0 in the first trigger after a start.

        Returns:
            The new states of the rooms that the trigger changed.
        """
        replayed = [r for r, state in self._states.items() if state.batch == batch]
        changed = {
            room: self._state(room)
            .merged(rooms.get(room, {}), batch=batch, start=start)
            .summed_up(boundary_ms)
            for room in [*rooms, *(room for room in replayed if room not in rooms)]
        }
        self._states.update(changed)
        return changed

    def _state(self, room: str) -> RoomState:
        return self._states.get(room) or RoomState(self._epoch)


def _sum(parts: Iterable[Counts]) -> Counts:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(total)


def _bounded(totals: Counts) -> Counts:
    """Put the rarest emoji together; only where they can no longer change."""
    if len(totals) <= TOTALS_EMOJI_MAX:
        return totals
    rest = totals.get(REST, 0)
    ranked = sorted(
        ((emoji, count) for emoji, count in totals.items() if emoji != REST),
        key=lambda item: (-item[1], item[0]),
    )
    rest += sum(count for _, count in ranked[TOTALS_EMOJI_MAX:])
    return {**dict(ranked[:TOTALS_EMOJI_MAX]), REST: rest}
