"""What the ledger has of a crowd's reactions, beside the sender's own book. Pure."""

from collections.abc import Iterator

import msgspec

from stream.auditor.ledger import Line


class Witnessed(msgspec.Struct, frozen=True, kw_only=True):
    """By how much a room's books have grown, or why that is not known."""

    problem: str = ""
    stored: int = 0
    repeated: int = 0
    counted: int = 0
    difference: int = 0
    """What was stored once and is not counted; below 0, what is counted too often."""

    @property
    def once(self) -> int:
        """What was stored, without repeats."""
        return self.stored - self.repeated

    def agrees(self, accepted: int, unknown: int) -> bool:
        """Tell whether a sender's own book says the same.

        Args:
            accepted: Reactions in batches that were answered 202.
            unknown: Reactions in batches without a certain answer.
        """
        most = accepted + unknown
        is_stored = accepted <= self.once <= most
        return is_stored and accepted <= self.counted <= most and not self.difference

    def contradictions(self, accepted: int, unknown: int) -> Iterator[str]:
        """Say what is otherwise than a sender's own book says, if that is known."""
        if not self.problem and not self.agrees(accepted, unknown):
            yield (
                f"the ledger says otherwise: {self.once:,} reactions stored once,"
                f" {self.counted:,} counted, a difference of {self.difference:,};"
                f" {accepted:,} were accepted"
            )


def grown(before: Line, after: Line) -> Witnessed:
    """Return by how much a room's sum has grown."""
    return Witnessed(
        stored=after.stored - before.stored,
        repeated=after.repeated - before.repeated,
        counted=after.counted - before.counted,
        difference=after.difference - before.difference,
    )
