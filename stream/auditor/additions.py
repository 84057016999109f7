"""What the records of one transaction add to the lines."""

from collections import Counter

from stream.auditor.ledger import MINUTE_MS
from stream.auditor.line_table import Cell, LineTable
from stream.auditor.source import Rules


class Additions:
    """Gathers numbers by room, minute and column; leaves out what is too early.

    Attributes:
        since_ms: Where the books begin.
    """

    def __init__(self, rules: Rules, since_ms: int) -> None:
        self._rules, self.since_ms = rules, since_ms
        self._cells: Counter[Cell] = Counter()
        self._labels: Counter[tuple[str, int, str, str]] = Counter()

    def add(self, room: str, at_ms: int, column: str, by: int) -> None:
        """Add to a column in the minute of a moment."""
        minute_ms = self._rules.minute_of(at_ms)
        # What can move over the beginning, can be missing or too much behind it.
        edge_ms = MINUTE_MS if column == "movable" else 0
        if by and minute_ms >= self.since_ms - edge_ms:
            self._cells[room, minute_ms, column] += by

    def label(self, room: str, at_ms: int, kind: str, label: str, by: int) -> None:
        """Add to what was rejected or refused in the minute of a moment."""
        minute_ms = self._rules.minute_of(at_ms)
        if minute_ms >= self.since_ms:
            self._labels[room, minute_ms, kind, label] += by

    def write(self, lines: LineTable) -> None:
        """Put everything into the lines, and begin anew."""
        lines.add(self._cells)
        lines.add_labels(self._labels)
        self._cells.clear()
        self._labels.clear()
