"""What the auditor says of the books, as a fact of a status: see `facts`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditorFacts:
    """What the auditor says: whether every stored reaction is counted once."""

    problem: str | None
    """Why it could not be asked."""

    behind_s: float | None = None
    """Since it had read all that there was."""

    rooms_wrong: int | None = None
    """Whose books do not balance a minute after."""

    difference: int | None = None
    """Of these rooms together, whatever the sign: reactions."""

    worst_room: str | None = None
    """The one of them with the largest difference."""

    worst_difference: int | None = None
    """Its own; below 0 where too many were counted."""

    worst_total_difference: int | None = None
    """By how much its total is more than what its frames have counted."""

    unread_lost: int | None = None
    """Records that Kafka had deleted before it read them."""
