"""Frames in, counted windows out; the stream's own algebra writes the frames."""

from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.auditor.counting import Counting, OldFrame
from stream.auditor.frames import BadFrame, Seen, in_log, read
from stream.auditor.store import Store
from stream.frame import epoch_text
from stream.framing import frames_of
from stream.topics import PULSE_KEY
from stream.windows import (
    NO_BATCH,
    Rooms,
    RoomState,
    Row,
    Trigger,
    by_window,
    newest_trigger,
)
from tests.auditing import FIRST, SECOND, frame_bytes

WINDOW_MS = 2000


def seen(
    window: int, count: int, seq: int, *, run: int = 0, epoch: str = FIRST
) -> Seen:
    return Seen("final", epoch, seq, run, window * WINDOW_MS, count, 0)


def counted(*frames: Seen) -> dict[int, int]:
    """Return what each window holds after these frames, by its number."""
    counting = Counting(Store(":memory:").windows)
    sums: Counter[int] = Counter()
    for frame in frames:
        for change in counting.take(frame):
            sums[change.window_ms // WINDOW_MS] += change.by
    return {window: count for window, count in sums.items() if count}


def test_of_a_window_the_newest_frame_counts() -> None:
    assert counted(seen(0, 3, 1), seen(0, 5, 2), seen(1, 2, 2)) == {0: 5, 1: 2}


def test_a_replay_takes_back_what_it_now_leaves_alone() -> None:
    first = [seen(0, 3, 1), seen(0, 4, 2, run=1), seen(1, 9, 2, run=1)]

    assert counted(*first, seen(0, 13, 2, run=2)) == {0: 13}


def test_a_new_epoch_counts_the_newest_trigger_again() -> None:
    old = [seen(0, 3, 1), seen(0, 5, 2), seen(1, 4, 2)]
    new = [seen(0, 2, 0, epoch=SECOND), seen(1, 4, 0, epoch=SECOND)]

    assert counted(*old, *new) == {0: 5, 1: 4}


def test_a_new_epoch_leaves_the_triggers_before_as_they_were() -> None:
    old = [seen(0, 3, 1), seen(1, 4, 2)]

    assert counted(*old, seen(2, 4, 0, epoch=SECOND)) == {0: 3, 2: 4}


def test_nobody_counts_by_a_driver_that_was_replaced() -> None:
    with pytest.raises(OldFrame):
        counted(seen(0, 3, 2), seen(0, 9, 1))
    with pytest.raises(OldFrame):
        counted(seen(0, 3, 1, epoch=SECOND), seen(0, 9, 2))


def test_a_frame_says_how_much_is_in_its_window() -> None:
    frame = read(frame_bytes(4, 100, seq=7, run=3, total=500))

    assert (frame.count, frame.total, frame.trigger) == (100, 500, (FIRST, 7))


def test_the_pulse_and_a_removed_room_are_no_frames() -> None:
    assert in_log(PULSE_KEY, b"{}") is None
    assert in_log(b"final", None) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"final", b""),
        (b"final", b"{}"),
        (b"final", b"\xff"),
        (b"other", frame_bytes(0, 1, seq=1)),
        (None, frame_bytes(0, 1, seq=1)),
        (b"-x", frame_bytes(0, 1, seq=1, room="-x")),
        (b"final", frame_bytes(0, 1, seq=1).replace(b'"v":1', b'"v":2')),
        (b"final", frame_bytes(0, 1, seq=1, total=-1)),
        (b"final", frame_bytes(0, 1, seq=1, total=2**54)),
    ],
)
def test_what_is_no_frame_is_refused(key: bytes | None, value: bytes) -> None:
    with pytest.raises(BadFrame):
        in_log(key, value)


@dataclass
class Batch:
    """One batch in the log; its copies lie in one or two windows."""

    room: str
    windows: tuple[int, int]
    reactions: int


@dataclass
class Driver:
    """The stream with Spark left out: triggers over a log, replays, new epochs."""

    log: list[Batch] = field(default_factory=list)
    frames: list[Seen] = field(default_factory=list)
    where: dict[int, int] = field(default_factory=dict)
    """In which window each batch was counted, in the end."""
    runs: int = 0
    epochs: int = 1
    batch: int = NO_BATCH
    start: int = 0
    end: int = 0

    def __post_init__(self) -> None:
        self._known: Counter[tuple[str, int]] = Counter()
        self._before: Counter[tuple[str, int]] = Counter()
        self._states: dict[str, RoomState] = {}
        self._cut: Trigger | None = None
        self._read = 0
        self._take_over()

    def trigger(self, batches: int, choice: int) -> None:
        """Count the next batches, and all that an earlier epoch has read."""
        self.batch += 1
        end = max(self._read, min(self.end + batches, len(self.log)))
        self.start, self.end, self._read = self.end, end, end
        self._before = self._known.copy()
        self._run(choice)

    def replay(self, choice: int) -> None:
        """Start again; the newest trigger may count other copies than at first."""
        if self.batch == NO_BATCH:
            return
        self._take_over()
        self._run(choice)

    def new_epoch(self) -> None:
        """Start with a new checkpoint, at the start of the newest trigger."""
        if not self._states:
            return
        self.epochs += 1
        self._cut = newest_trigger(self._states.values())
        states = self._states.values()
        start = next(s.start["0"] for s in states if s.trigger == self._cut)
        self._known.clear()
        self.batch, self.end = NO_BATCH, start
        self._take_over()

    def _take_over(self) -> None:
        name = epoch_text(self.epochs)
        states = {r: s.in_epoch(name, self._cut) for r, s in self._states.items()}
        self._rooms = Rooms(name, states)

    def _run(self, choice: int) -> None:
        self.runs += 1
        self._known = self._before.copy()
        changed = set()
        for number in range(self.start, self.end):
            batch = self.log[number]
            window = batch.windows[choice >> number & 1]
            self._known[batch.room, window] += batch.reactions
            self.where[number] = window
            changed.add((batch.room, window))
        rows = [Row(r, w, "🔥", self._known[r, w], 0) for r, w in sorted(changed)]
        if rows:
            self._write(rows)

    def _write(self, rows: list[Row]) -> None:
        states = self._rooms.merge(
            by_window(rows), batch=self.batch, start={"0": self.start}, boundary_ms=0
        )
        self._states |= states
        for room, state in states.items():
            for frame in frames_of(
                room, state, window_ms=WINDOW_MS, appended_ms={}, made_ms=self.runs
            ):
                self.frames.append(read(frame.encode()))


batches = st.builds(
    Batch,
    room=st.sampled_from(["a", "b"]),
    windows=st.tuples(st.integers(0, 2), st.integers(0, 2)).map(
        lambda pair: (pair[0] * WINDOW_MS, pair[1] * WINDOW_MS)
    ),
    reactions=st.integers(1, 9),
)
actions = st.one_of(
    st.tuples(st.just("trigger"), st.tuples(st.integers(1, 4), st.integers(0))),
    st.tuples(st.just("replay"), st.tuples(st.integers(0))),
    st.tuples(st.just("new_epoch"), st.tuples()),
)


@given(st.lists(batches, min_size=1, max_size=12), st.lists(actions, max_size=14))
def test_whatever_ends_the_stream_each_batch_is_counted_where_it_was_last(
    log: list[Batch], steps: list[tuple[str, tuple[int, ...]]]
) -> None:
    driver = Driver(log)
    for name, arguments in [*steps, ("trigger", (len(log), 0))]:
        getattr(driver, name)(*arguments)
    expected: Counter[tuple[str, int]] = Counter()
    for number, window in driver.where.items():
        expected[log[number].room, window] += log[number].reactions

    counting = Counting(Store(":memory:").windows)
    sums: Counter[tuple[str, int]] = Counter()
    totals = {}
    for frame in driver.frames:
        totals[frame.room] = frame.total
        for change in counting.take(frame):
            sums[change.room, change.window_ms] += change.by

    assert +sums == expected
    for room, total in totals.items():
        assert sum(n for (r, _), n in sums.items() if r == room) == total
