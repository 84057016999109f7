"""What a demo is to be: who reacts, for how long, and to what. Pure but for chance."""

import secrets
from dataclasses import dataclass, field

from clients.crowd.plan import BadPlan, Plan, checked
from clients.crowd.timeline import Timeline

MATCH = "final"
"""Ten minutes; shipped."""

SECONDS, SECONDS_MIN, SECONDS_MAX = 60.0, 10.0, 600.0
"""Shorter, nothing that is killed would be back in time."""


def fresh_room() -> str:
    """Return a room that nobody has been in: its total begins at nothing."""
    return f"demo-{secrets.token_hex(2)}"


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for."""

    clients: int = 200
    rate: float = 1000.0
    """Reactions a second of each, at the busiest moment."""

    seconds: float = SECONDS
    """In which the whole match is replayed."""

    room: str = field(default_factory=fresh_room)

    spares_others: bool = True
    """Whether nothing is killed while somebody else is served, too."""

    def plan(self, url: str) -> tuple[Plan, Timeline]:
        """Return what the crowd is to do, and the match.

        Raises:
            BadPlan: If nobody can do that.
        """
        if self.rate == 0:
            raise BadPlan("rate is 0: without reactions there is nothing to show.")
        match = Timeline.load(MATCH)
        plan = Plan(
            url=url,
            room=self.room,
            clients=self.clients,
            rate=self.rate,
            seconds=self.seconds,
            timeline=MATCH,
            speed=match.seconds / self.seconds,
            steps_back=False,
        )
        checked(plan)
        return plan, match
