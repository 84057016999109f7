"""What is said to the Spark that reads for a reference, and what it answers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A topic to read to its end."""

    topic: str
    is_counted: bool
    """Through our counting; otherwise into the noop sink."""

    scratch: str
    """A folder for the checkpoint, which is thrown away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What came of it."""

    seconds: float
    cores: float
    """Of the driver and its JVM."""

    reactions: int
    """How many were counted; 0 in the noop sink."""
