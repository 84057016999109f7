"""A ledger as a person reads it: a row for each number, and what it comes to. Pure."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stream.auditor.ledger import Gap, Line, Overview, RoomLedger

_WRONG = "bold red"
_NOT_EXACT = "≥"
_OPEN = "…"

_OF_INGEST: Mapping[str, Callable[[Line], int]] = {
    "posts": lambda line: line.posts,
    "received": lambda line: line.received,
    "accepted": lambda line: line.accepted,
    "unknown": lambda line: line.unknown,
}
_OF_THE_LOGS: Mapping[str, Callable[[Line], int]] = {
    "stored": lambda line: line.stored,
    "repeated": lambda line: line.repeated,
    "overdue": lambda line: line.overdue,
    "unreadable": lambda line: line.unreadable,
    "late": lambda line: line.late,
    "counted": lambda line: line.counted,
    "published": lambda line: line.published,
}


def room_view(ledger: RoomLedger) -> RenderableType:
    """Return a room's ledger: the sum, and its newest minutes beside it."""
    lines = [ledger.sum, *ledger.minutes]
    table = Table(ledger.room, box=None, pad_edge=False)
    for line in lines:
        table.add_column(_title(line), justify="right")
    for name, number in _OF_INGEST.items():
        table.add_row(name, *(_at_least(line, number(line)) for line in lines))
    for kind in ("rejected", "refused"):
        _add_labels(table, kind, lines)
    table.add_row()
    for name, number in _OF_THE_LOGS.items():
        table.add_row(name, *(f"{number(line):,}" for line in lines))
    numbers = [f"{line.difference:,}" for line in lines]
    table.add_row("difference", *numbers, style=_WRONG if ledger.is_wrong else "bold")
    return Group(table, "", *_room_sentences(ledger))


def rooms_view(overview: Overview) -> RenderableType:
    """Return a row for each room."""
    table = Table("room", box=None, pad_edge=False)
    for title in ("stored", "counted", "difference"):
        table.add_column(title, justify="right")
    for room in overview.rooms:
        table.add_row(
            room.room,
            *(f"{n:,}" for n in (room.stored, room.counted, room.difference)),
            style=_WRONG if room.is_wrong else None,
        )
    since = _since(overview.as_of_ms, overview.since_ms)
    text = Text(f"{since}: the books of {_rooms(overview.rooms_wrong)} are wrong.")
    if not overview.rooms_wrong:
        text = Text(f"{since}: the books of all rooms balance.", style="green")
    return Group(table, "", text, *_gap_sentences(overview.gaps))


def _title(line: Line) -> str:
    if line.minute_ms is None:
        return "sum"
    return _time(line.minute_ms, "%H:%M") + ("" if line.is_settled else _OPEN)


def _add_labels(table: Table, kind: str, lines: Sequence[Line]) -> None:
    """Add a row for all of a kind together, and one for each of its labels."""
    by_line: list[Mapping[str, int]] = [getattr(line, kind) for line in lines]
    sums = [sum(counts.values()) for counts in by_line]
    table.add_row(kind, *map(_at_least, lines, sums))
    for label in sorted(set().union(*by_line)):
        numbers = (f"{counts.get(label, 0):,}" for counts in by_line)
        table.add_row(f"  {label}", *numbers, style="dim")


def _at_least(line: Line, number: int) -> str:
    return f"{number:,}" if line.is_exact else f"{_NOT_EXACT}{number:,}"


def _room_sentences(ledger: RoomLedger) -> list[Text]:
    total = "no frame yet" if ledger.total is None else f"total {ledger.total:,}"
    said = [Text(f"{_since(ledger.as_of_ms, ledger.since_ms)}; {total}.")]
    if not ledger.sum.is_exact:
        text = (
            f"{_NOT_EXACT}: {ledger.workers_lost} of ingest's processes ended without"
        )
        said.append(Text(f"{text} a last word, and may have done more."))
    if any(not line.is_settled for line in ledger.minutes):
        said.append(Text(f"{_OPEN}: not a minute old, and still being counted."))
    return [*said, _judgement(ledger)]


def _judgement(ledger: RoomLedger) -> Text:
    off = ledger.sum.difference
    if ledger.is_wrong:
        return Text(f"The books are wrong: {_fault(ledger)}.", style=_WRONG)
    if off:
        text = f"The books balance; a difference of {off:,} is no fault (yet): what is"
        return Text(f"{text} new is still counted, of what is overdue nothing is said.")
    return Text("Every reaction that was stored is counted once.", style="green")


def _fault(ledger: RoomLedger) -> str:
    off, total_off = ledger.sum.difference, ledger.total_difference
    if off:
        how = "few" if off > 0 else "many"
        return f"too {how} reactions are counted, by {abs(off):,}"
    if total_off:
        how = "more" if total_off > 0 else "less"
        return f"the total is {abs(total_off):,} {how} than frames have counted"
    return "not by the sum, but up to the newest settled minute"


def _gap_sentences(gaps: Sequence[Gap]) -> list[Text]:
    return [
        Text(
            f"Nobody can tell of {gap.topic}/{gap.partition}, offsets {gap.first:,} to"
            f" {gap.next - 1:,}: Kafka had deleted them before they were read.",
            style=_WRONG,
        )
        for gap in gaps
    ]


def _since(as_of_ms: int, since_ms: int) -> str:
    begun = _time(since_ms, "%Y-%m-%d %H:%M UTC") if since_ms else "the beginning"
    return f"As of {_time(as_of_ms, '%H:%M:%S UTC')}, since {begun}"


def _rooms(number: int) -> str:
    return "1 room" if number == 1 else f"{number:,} rooms"


def _time(moment_ms: int, form: str) -> str:
    return dt.datetime.fromtimestamp(moment_ms / 1000, dt.UTC).strftime(form)
