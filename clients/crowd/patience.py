"""How long is waited for what is accepted, and not counted yet."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """While nothing more is counted, and in all: others may react in the room."""

    quiet_s: float
    most_s: float


PATIENCE = Patience(60.0, 600.0)
STOPPED = Patience(10.0, 60.0)
"""Where a person waits for the end."""
