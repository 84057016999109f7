"""Ingest's workers in the books: who is there, and which minutes lack their words."""

import logging

from stream.auditor import intake
from stream.auditor.intake import Heard, Word, Worker
from stream.auditor.ledger import MINUTE_MS
from stream.auditor.line_table import LineTable
from stream.auditor.past_table import WorkerTable
from stream.auditor.source import Rules

log = logging.getLogger(__name__)


class Attendance:
    """Hears every word once, and notices who says none any more.

    Args:
        table: What is known of each worker.
        lines: Where minutes are marked as inexact.
        rules: What the books are kept by.
    """

    def __init__(self, table: WorkerTable, lines: LineTable, rules: Rules) -> None:
        self._table, self._lines, self._rules = table, lines, rules
        self._workers = table.all()

    def hears(self, word: Word, at_ms: int, *, since_ms: int) -> bool:
        """Take a word in; tell whether it is new.

        Args:
            word: What a worker said.
            at_ms: When Kafka stored it.
            since_ms: When the books begin; nothing that was said before is missing.
        """
        known = self._workers.get(word.worker)
        if known is None and word.seq and at_ms < since_ms:
            known = Worker(word.seq - 1, at_ms, is_closed=False)
        heard = intake.hear(known, word, at_ms)
        if heard is None:
            return False
        self._note(word.worker, heard)
        return True

    def miss(self, until_ms: int) -> None:
        """Note who should have said something.

        Args:
            until_ms: Every word that was said before was heard.
        """
        for name, worker in [*self._workers.items()]:
            missed = intake.miss(worker, until_ms)
            if missed is not None:
                log.warning("worker=%s of ingest is gone without a word", name)
                self._note(name, missed)

    def forget(self, before_ms: int) -> None:
        """Forget those that took leave before a moment, with nothing missing."""
        self._table.drop(before_ms)
        self._workers = self._table.all()

    def _note(self, name: str, heard: Heard) -> None:
        self._workers[name] = heard.worker
        self._table.put(name, heard.worker)
        if heard.inexact_ms is not None:
            first_ms, last_ms = map(self._rules.minute_of, heard.inexact_ms)
            self._lines.mark_inexact(range(first_ms, last_ms + 1, MINUTE_MS))
