"""The system as a list: what runs, what it needs, how to tell that it is ready."""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from compose.files import File

STEP_WITHIN_S = 60
"""For a command that is a step; it is ended then."""


@dataclass(frozen=True, slots=True)
class PortClaim:
    """A port that a process listens on, and the setting that moves it."""

    port: int
    setting: str
    host: str = ""
    """Where it is open to a network beside loopback; empty: nowhere."""


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


@dataclass(frozen=True, slots=True)
class System:
    """What runs, and the configuration files that it reads."""

    parts: Sequence[Part]
    files: Sequence[File] = ()
    is_elastic: Callable[[str], bool] = lambda _: False
    """Whether a process of that name may come or go while the others run."""

    at_rest: AbstractSet[str] = frozenset()
    """Processes that are known, and not to be started."""

    @property
    def processes(self) -> list[Process]:
        """The parts that stay."""
        return [part for part in self.parts if isinstance(part, Process)]

    @property
    def wanted(self) -> list[Part]:
        """The parts that are to run."""
        return [part for part in self.parts if part.name not in self.at_rest]


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


def apart(parts: Sequence[Part], names: AbstractSet[str]) -> list[Part]:
    """Return some parts as if they needed only each other: the rest runs already."""
    return [
        replace(part, needs=tuple(need for need in part.needs if need in names))
        for part in parts
        if part.name in names
    ]


def process_layers(parts: Sequence[Part]) -> list[list[Process]]:
    """Return the layers' processes, the order of stopping backwards."""
    found = (
        [part for part in layer if isinstance(part, Process)] for layer in layers(parts)
    )
    return [layer for layer in found if layer]


def run_to_end(command: list[str]) -> None:
    """Run a command to its end.

    Raises:
        StepFailed: If it cannot be run, takes too long, or ends with an error.
    """
    try:
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
            timeout=STEP_WITHIN_S,
        )
    except subprocess.CalledProcessError as error:
        raise StepFailed(error.stdout.strip()) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StepFailed(str(error)) from error
