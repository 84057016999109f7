"""How far a crowd is: a plain value, told about each second."""

from enum import StrEnum
from typing import Self

import msgspec

from clients.crowd.plan import Plan
from clients.crowd.wire import SeatedNow, SendingNow


class Phase(StrEnum):
    """What it is at."""

    JOINING = "joining"
    SENDING = "sending"
    WATCHING = "watching"
    SETTLING = "settling"
    LEAVING = "leaving"


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far it is. Counts are of all so far."""

    phase: Phase
    at_s: float
    """Since all were there."""

    of_s: float
    expected: int
    """Who is to be there now; while they come, who is to be there then."""

    joined: int
    sent: int = 0
    accepted: int = 0
    refused: int = 0
    unknown: int = 0
    posts: int = 0
    late: int = 0
    before: int = 0
    total: int = 0
    """The newest that anybody got."""

    frames: int = 0
    deliveries: int = 0
    moves: int = 0
    reconnects: int = 0
    moment: str = ""
    """The newest of the timeline."""

    @property
    def counted(self) -> int:
        """By how much the room's total has risen."""
        return max(0, self.total - self.before)

    @classmethod
    def of(  # noqa: PLR0913 - each is one thing to know
        cls,
        phase: Phase,
        *,
        plan: Plan,
        at_s: float,
        of_s: float,
        seated: SeatedNow | None,
        sending: SendingNow | None,
        before: int,
        moment: str,
    ) -> Self:
        """Put together what the processes said last."""
        return cls(
            phase=phase,
            at_s=at_s,
            of_s=of_s,
            expected=_expected(phase, plan, seated),
            joined=seated.joined if seated else 0,
            sent=sending.sent if sending else 0,
            accepted=sending.accepted if sending else 0,
            refused=sending.refused if sending else 0,
            unknown=sending.unknown if sending else 0,
            posts=sending.posts if sending else 0,
            late=sending.late if sending else 0,
            before=before,
            total=seated.total if seated else 0,
            frames=seated.frames if seated else 0,
            deliveries=seated.deliveries if seated else 0,
            moves=seated.moves if seated else 0,
            reconnects=seated.reconnects if seated else 0,
            moment=moment,
        )


def _expected(phase: Phase, plan: Plan, seated: SeatedNow | None) -> int:
    """Return who is to be there: of those that come and go, not all at a time."""
    if phase is Phase.JOINING or seated is None:
        return plan.everybody
    return seated.expected
