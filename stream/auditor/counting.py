"""From frames to what was counted in each window, across replays and epochs.

A frame is absolute within its epoch, so of each window the newest counts. Twice that
is not all: a trigger that is repeated takes back what its first run wrote, also in
windows that it now leaves alone; and a new epoch takes back the newest trigger of the
one before, whose reactions it counts again. So what that trigger changed is kept in a
journal until a later one has come.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from stream.auditor.frames import Seen, Trigger


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a trigger; a replay is another."""

    epoch: str
    seq: int
    made_ms: int

    @property
    def trigger(self) -> Trigger:
        """The trigger that ran."""
        return (self.epoch, self.seq)


@dataclass(frozen=True, slots=True)
class Window:
    """What was counted in a window of a room.

    Attributes:
        epoch: The newest that counted anything in it.
        count: What that has counted, beside the ones before it.
    """

    epoch: str
    count: int


@dataclass(frozen=True, slots=True)
class Change:
    """So many more, or fewer, were counted in a window."""

    room: str
    window_ms: int
    by: int


class WindowStore(Protocol):
    """Where windows and the journal are kept."""

    def run(self) -> Run | None:
        """Return the run that the journal is of."""
        ...

    def begin(self, run: Run) -> None:
        """Begin a journal for `run`, and throw the last one away."""
        ...

    def journal(self) -> list[tuple[str, int, int]]:
        """Return room, window, and the count before, of all that the run changed."""
        ...

    def remember(self, room: str, window_ms: int, count: int) -> None:
        """Put the count before the run into the journal, unless it has one."""
        ...

    def window(self, room: str, window_ms: int) -> Window | None:
        """Return a window of a room."""
        ...

    def put(self, room: str, window_ms: int, window: Window) -> None:
        """Replace a window of a room."""
        ...


class OldFrame(ValueError):
    """A frame of a trigger that a later one has followed: nobody may count by it."""


class Counting:
    """Follows the frame log, record by record in its order."""

    def __init__(self, windows: WindowStore) -> None:
        self._windows = windows
        self._run = windows.run()

    def begins(self, frame: Seen) -> bool:
        """Tell whether the run before `frame`'s is complete with it."""
        return _run_of(frame) != self._run

    def take(self, frame: Seen) -> Iterator[Change]:
        """Take a frame in and yield what it changes.

        Raises:
            OldFrame: If it comes from a driver that another has taken over from.
        """
        run = _run_of(frame)
        if run != self._run:
            yield from self._turn_to(run)
        window = self._windows.window(frame.room, frame.window_ms)
        if window is None or window.epoch != run.epoch:
            window = Window(run.epoch, 0)  # what earlier epochs counted, stays
        self._windows.remember(frame.room, frame.window_ms, window.count)
        counted = replace(window, count=frame.count)
        self._windows.put(frame.room, frame.window_ms, counted)
        if frame.count != window.count:
            yield Change(frame.room, frame.window_ms, frame.count - window.count)

    def _turn_to(self, run: Run) -> Iterator[Change]:
        last = self._run
        if last is not None:
            if run.trigger < last.trigger:
                raise OldFrame(f"{run.trigger} after {last.trigger}")
            if run.epoch != last.epoch or run.trigger == last.trigger:
                yield from self._take_back()
        self._windows.begin(run)
        self._run = run

    def _take_back(self) -> Iterator[Change]:
        """Make all windows what they were before the newest trigger."""
        for room, window_ms, count in self._windows.journal():
            window = self._windows.window(room, window_ms)
            if window is None or window.count == count:
                continue
            self._windows.put(room, window_ms, replace(window, count=count))
            yield Change(room, window_ms, count - window.count)


def _run_of(frame: Seen) -> Run:
    return Run(frame.epoch, frame.seq, frame.made_ms)
