"""Shows a room: a live table on a terminal, a line for each frame in a pipe."""

import datetime as dt
import select
import sys
from typing import Protocol, Self, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from clients.cli.notes import Notes, place_words, state_words
from clients.cli.view import Hops, Watching, leading
from clients.liveness import State
from stream.frame import Frame

_BAR_CELLS = 20
_MARGIN_LINES = 10  # headings, borders and notes around the rows
_STYLE = {
    State.CONNECTING: "yellow",
    State.LIVE: "green",
    State.QUIET: "cyan",
    State.STALE: "bold red",
}


class Screen(Protocol):
    """Where a room is shown."""

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was."""
        ...

    def show(self, watching: Watching) -> None:
        """Show what has changed."""
        ...


def is_abandoned(out: TextIO) -> bool:
    """Tell whether `out` is a pipe that nobody reads from any more."""
    try:
        descriptor = out.fileno()
    except (AttributeError, OSError):  # it is no file: a test's buffer
        return False
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(events & select.POLLERR for _, events in poll.poll(0))


class PlainScreen:
    """A line for each frame to `out`; what else is worth knowing to `notes`."""

    def __init__(self, out: TextIO, notes: TextIO, *, trace: bool) -> None:
        self._out, self._notes, self._trace = out, Notes(notes), trace
        self._frame: Frame | None = None

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing behind."""

    def show(self, watching: Watching) -> None:
        """Write a line if there is a new frame, and one if the state has changed.

        Raises:
            BrokenPipeError: If nobody reads any more, even while there is no news.
        """
        if is_abandoned(self._out):
            raise BrokenPipeError
        self._notes.say(watching)
        frame = watching.frame
        if frame is not None and frame is not self._frame:
            self._frame = frame
            text = frame_line(frame) + trace_words(
                watching.hops if self._trace else None
            )
            print(text, file=self._out, flush=True)


class LiveScreen:
    """A table that is drawn over itself."""

    def __init__(self, console: Console, *, trace: bool) -> None:
        self._console, self._trace = console, trace
        self._live = Live(console=console, auto_refresh=False)

    def __enter__(self) -> Self:
        """Take over the terminal."""
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the last table where it is, and the cursor below it."""
        self._live.stop()

    def show(self, watching: Watching) -> None:
        """Draw everything again."""
        rows_max = max(1, self._console.size.height - _MARGIN_LINES)
        drawn = picture(watching, rows_max=rows_max, trace=self._trace)
        self._live.update(drawn, refresh=True)


def screen_for(out: TextIO, *, trace: bool) -> Screen:
    """Choose the table for a terminal, lines for everything else."""
    if out.isatty():
        return LiveScreen(Console(file=out), trace=trace)
    return PlainScreen(out, sys.stderr, trace=trace)


def frame_line(frame: Frame) -> str:
    """Write a frame as one line of `name=value` words."""
    words = [
        dt.datetime.fromtimestamp(frame.window_start_ms / 1000, tz=dt.UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z"),
        f"room={frame.room}",
        f"total={frame.total}",
        f"mood={leading(dict(frame.mood))[0]}",
        f"sentiment={leading(dict(frame.sentiment))[0]}",
        *(f"{emoji}={count}" for emoji, count in frame.counts.items()),
    ]
    return " ".join([*words, *([f"other={frame.other}"] if frame.other else [])])


def trace_words(hops: Hops | None) -> str:
    """Write where the time went, with a space before; nothing for nothing."""
    return "".join(f" {leg}={ms}ms" for leg, ms in hops.spans()) if hops else ""


def picture(watching: Watching, *, rows_max: int, trace: bool) -> RenderableType:
    """Draw the room: heading, table, and what else has to be said."""
    parts: list[RenderableType] = [_heading(watching), _table(watching, rows_max)]
    if trace:
        parts.append(Text(f"newest frame:{trace_words(watching.hops) or ' -'}"))
    if watching.unreadable:
        parts.append(Text(f"unreadable {watching.unreadable}", style="red"))
    return Group(*parts)


def _heading(watching: Watching) -> Text:
    frame = watching.frame
    words = f"{watching.room}  total {frame.total if frame else 0:,}"
    for name, shares in (
        ("mood", dict(frame.mood) if frame else None),
        ("sentiment", dict(frame.sentiment) if frame else None),
    ):
        leader, share = leading(shares)
        words += f"  {name} {leader} {share:.0%}"
    heading = Text(words, style="bold").append("\n")
    heading.append(state_words(watching), style=_STYLE[watching.state])
    if place := place_words(watching.joined):
        heading.append(f"\n{place}")
    return heading


def _table(watching: Watching, rows_max: int) -> Table:
    table = Table("emoji", "window", "share", "scaled", "total")
    for column in (1, 3, 4):
        table.columns[column].justify = "right"
    for row in watching.rows()[:rows_max]:
        bar = "█" * round(row.share * _BAR_CELLS)
        table.add_row(
            row.emoji,
            f"{row.count:,}",
            f"{bar:<{_BAR_CELLS}} {row.share:4.0%}",
            f"{row.scaled:,}",
            f"{row.total:,}",
        )
    return table
