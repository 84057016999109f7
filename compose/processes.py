"""The system as a list: what runs, what it needs, how to tell that it is ready."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PortClaim:
    """A port that a process listens on, and the setting that moves it."""

    port: int
    setting: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One operating-system process of the system."""

    name: str
    command: tuple[str, ...]
    ready: Callable[[], bool]
    """Asked again and again once it runs; returns within a few seconds."""

    needs: tuple[str, ...] = ()
    ports: tuple[PortClaim, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    """What it gets beside the environment of the whole system."""

    ready_within_s: float = 30
    stop_within_s: int = 3
    """It is killed when SIGTERM has not ended it by then."""

    hint: str = ""
    """The setting or command that helps where it does not start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something done once, between the starts; harmless when done again."""

    name: str
    run: Callable[[], None]
    needs: tuple[str, ...] = ()
    hint: str = ""


Part = Process | Step


class StepFailed(Exception):
    """A step could not be done; the text says why."""


def layers(parts: Sequence[Part]) -> list[list[Part]]:
    """Sort parts so that each layer needs only what earlier layers hold.

    Raises:
        ValueError: If parts need each other in a circle, or one that is not there.
    """
    done: set[str] = set()
    waiting = list(parts)
    sorted_layers: list[list[Part]] = []
    while waiting:
        free = [part for part in waiting if done.issuperset(part.needs)]
        if not free:
            stuck = ", ".join(part.name for part in waiting)
            raise ValueError(f"these need each other or something unknown: {stuck}")
        sorted_layers.append(free)
        done |= {part.name for part in free}
        waiting = [part for part in waiting if part.name not in done]
    return sorted_layers


def process_layers(parts: Sequence[Part]) -> list[list[Process]]:
    """Return the layers' processes, the order of stopping backwards."""
    found = (
        [part for part in layer if isinstance(part, Process)] for layer in layers(parts)
    )
    return [layer for layer in found if layer]
