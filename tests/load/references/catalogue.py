"""What the system is compared with, in the order in which it is measured.

Speed lives in ratios: what another machine would show is unknown, but what the same
machine does without our work, in the same minutes, is not.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from compose.settings import Settings
from tests.load.measured import Reference
from tests.load.references.bare_mosquitto import BareMosquitto
from tests.load.references.empty_route import EmptyRoute
from tests.load.references.naive_rows import NaiveRows
from tests.load.references.produce_loop import ProduceLoop
from tests.load.references.spark_noop import SparkNoop
from tests.system.stack import Stack


class BenchReference(Reference, Protocol):
    """A reference that says when it is measured."""

    beside_system: bool
    """While the system is up, which it uses; otherwise after it was stopped."""


def references(stack: Stack, folder: Path) -> Sequence[BenchReference]:
    """List them all.

    Args:
        stack: The system, which is up and idle for those that are `beside_system`.
        folder: Where they may write logs and checkpoints.
    """
    settings = Settings.from_environment(stack.environment)
    return [
        EmptyRoute(settings, folder),
        ProduceLoop(settings),
        SparkNoop(settings, folder),
        BareMosquitto(folder),
        NaiveRows(folder),
    ]
