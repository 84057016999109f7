"""Draws a demo: the room beside what happens, and the figures below."""

from collections.abc import Iterator, Sequence

from rich.box import HORIZONTALS
from rich.console import Console, ConsoleDimensions, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from clients.cli.view import leading
from compose.demo.happening import Happening, Kind
from compose.demo.scene import (
    PHASES,
    Scene,
    cluster_words,
    latency_words,
    ledger_words,
)
from stream.frame import Frame

WIDTH_MIN, HEIGHT_MIN = 80, 24

_HEAD_LINES, _FOOT_LINES = 4, 7
_BORDER_LINES = 2
_BORDER_CELLS = 4
_ROOM_HEADING_LINES = 3
_ROOM_SHARE, _STORY_SHARE = 5, 7
_STYLE = {
    Kind.MATCH: "cyan",
    Kind.KILLED: "bold red",
    Kind.WELL: "green",
    Kind.NOTE: "yellow",
}


def picture(scene: Scene, size: ConsoleDimensions) -> Layout:
    """Draw everything, as large as the terminal is."""
    whole = Layout()
    middle_lines = size.height - _HEAD_LINES - _FOOT_LINES - _BORDER_LINES
    room_cells = size.width * _ROOM_SHARE // (_ROOM_SHARE + _STORY_SHARE)
    story_cells = size.width - room_cells
    whole.split_column(
        Layout(_head(scene, size.width), size=_HEAD_LINES),
        Layout(name="middle"),
        Layout(_foot(scene), size=_FOOT_LINES),
    )
    whole["middle"].split_row(
        Layout(
            _story(scene.happenings, story_cells - _BORDER_CELLS, middle_lines),
            size=story_cells,
        ),
        # On the right: terminals disagree about how wide some emoji are.
        Layout(_room(scene, room_cells - _BORDER_CELLS, middle_lines), size=room_cells),
    )
    return whole


def _head(scene: Scene, width: int) -> Panel:
    share = scene.at_s / scene.of_s if scene.of_s else 0.0
    clock = f"{scene.match_clock}, {scene.speed:g} times as fast"
    cells = width - _BORDER_CELLS - len(clock) - 2
    done = round(share * cells)
    line = Text("━" * done, style="green").append("━" * (cells - done), style="dim")
    heading = Text(scene.title, style="bold", no_wrap=True, overflow="ellipsis")
    return Panel(
        heading.append("\n").append(line).append(f"  {clock}"),
        title=f"EmoStream: {PHASES[scene.phase]}",
        title_align="left",
        box=HORIZONTALS,
    )


def _room(scene: Scene, cells: int, lines: int) -> Panel:
    frame = scene.frame
    heading = Text(f"{frame.total if frame else 0:,} reactions", style="bold")
    heading.append(f"   {scene.per_s:,.0f}/s now\n", style="bold magenta")
    mood, share = leading(dict(frame.mood) if frame else None)
    heading.append(f"mood: {mood} {share:.0%}\n")
    heading.append("in these two seconds:", style="dim")
    table = Table.grid(padding=(0, 1))
    table.add_row(heading)
    table.add_row(_bars(frame, cells, max(1, lines - _ROOM_HEADING_LINES)))
    return Panel(table, title=f"room {scene.room}", title_align="left", box=HORIZONTALS)


def _bars(frame: Frame | None, cells: int, rows_max: int) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=2)
    table.add_column(justify="right", width=8)
    table.add_column()
    counts = dict(frame.counts) if frame else {}
    strongest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:rows_max]
    most = max((count for _, count in strongest), default=1)
    room = max(1, cells - 2 - 8 - 2)
    for emoji, count in strongest:
        bar = "█" * max(1, round(count / most * room))
        table.add_row(emoji, f"{count:,}", Text(bar, style="magenta"))
    return table


def _story(happenings: Sequence[Happening], cells: int, lines: int) -> Panel:
    """Show as much of the newest as there is room for."""
    shown: list[Text] = []
    for happening in reversed(happenings):
        wrapped = [*_wrapped(happening, cells)]
        if len(shown) + len(wrapped) > lines:
            break
        shown = wrapped + shown
    return Panel(
        Text("\n").join(shown),
        title="what happens",
        title_align="left",
        box=HORIZONTALS,
    )


def _wrapped(happening: Happening, cells: int) -> Iterator[Text]:
    """Write a happening with its lines below each other beside its time."""
    beside = f"{happening.clock} "
    text = Text(happening.text, style=_STYLE[happening.kind])
    for number, line in enumerate(text.wrap(Console(width=cells), cells - len(beside))):
        start = Text(beside if not number else " " * len(beside), style="dim")
        yield start.append_text(line)


def _foot(scene: Scene) -> Panel:
    table = Table.grid(padding=(0, 2))
    table.add_row("clients", _served(scene))
    table.add_row("", Text(cluster_words(scene.clusters), style="dim"))
    table.add_row("tap → this screen", latency_words(scene.latency))
    good = "green" if scene.is_sound else "bold red"
    ledger = f"{ledger_words(scene)}; refused {scene.refused:,}"
    table.add_row("ledger", Text(ledger, style=good))
    whole = Table.grid()
    whole.add_row(_account(scene))
    whole.add_row(table)
    return Panel(
        whole, title="reactions and clients", title_align="left", box=HORIZONTALS
    )


def _account(scene: Scene) -> Table:
    table = Table.grid(padding=(0, 2))
    figures: dict[str, int] = {
        "sent": scene.sent,
        "accepted": scene.accepted,
        "counted": scene.counted,
        "on their way": scene.on_their_way,
    }
    row: list[RenderableType] = []
    for name, count in figures.items():
        row += [Text(f"{name} ", style="dim").append(f"{count:,}", style="bold")]
    table.add_row(*row)
    return table


def _served(scene: Scene) -> Text:
    words = f"{scene.served:,} of {scene.expected:,} are served"
    return Text(words, style="green" if scene.served >= scene.expected else "bold red")
