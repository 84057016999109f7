"""What became of every reaction that a crowd sent. Pure."""

from collections.abc import Iterator

import msgspec

from clients.crowd.sending import Outcome, Sendings
from clients.crowd.witnessed import Witnessed


class Reactions(msgspec.Struct, frozen=True, kw_only=True):
    """The sender's own book, and what the room and its ledger say."""

    sent: int
    accepted: int
    """In batches answered 202."""

    refused: int
    """In batches that are certainly not stored."""

    unknown: int
    """In batches without a certain answer, though repeated under their keys."""

    batches: int
    repeated: int
    """Batches that were sent more than once, under their keys."""

    before: int
    """The room's total when the first was sent."""

    after: int
    """The newest total that came to anybody."""

    counted: int
    """By how much the room's total has risen."""

    is_exact: bool
    """Whether the promise holds: accepted ≤ counted ≤ accepted + unknown."""

    witnessed: Witnessed | None = None
    """What the ledger has of it; None where nobody looked."""

    @classmethod
    def of(
        cls, sendings: Sendings, before: int, after: int, witnessed: Witnessed | None
    ) -> "Reactions":
        """Add a sender's book up.

        Args:
            sendings: The book.
            before: The room's total when the first was sent.
            after: The newest that came to anybody.
            witnessed: What the ledger has of it.
        """

        def sum_of(outcome: Outcome) -> int:
            return sum(one.reactions for one in sendings.sent if one.outcome == outcome)

        accepted, unknown = sum_of("accepted"), sum_of("unknown")
        counted = max(before, after) - before
        return cls(
            sent=sum(one.reactions for one in sendings.sent),
            accepted=accepted,
            refused=sum_of("refused"),
            unknown=unknown,
            batches=len(sendings.sent),
            repeated=sum(one.tries > 1 for one in sendings.sent),
            before=before,
            after=before + counted,
            counted=counted,
            is_exact=accepted <= counted <= accepted + unknown,
            witnessed=witnessed,
        )


def losses(reactions: Reactions) -> Iterator[str]:
    """Say what was refused or lost, or counted twice."""
    if reactions.refused:
        yield f"{reactions.refused:,} reactions were refused"
    if reactions.unknown:
        yield f"{reactions.unknown:,} reactions have no certain answer"
    if reactions.counted < reactions.accepted:
        lost = reactions.accepted - reactions.counted
        yield f"{lost:,} reactions were accepted and are not counted yet"
    most = reactions.accepted + reactions.unknown
    if reactions.counted > most:
        more = reactions.counted - most
        yield (
            f"{more:,} reactions more are counted than were sent: some twice, or"
            " others react in this room"
        )
    if reactions.witnessed:
        yield from reactions.witnessed.contradictions(
            reactions.accepted, reactions.unknown
        )
