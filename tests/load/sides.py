"""The same system run in two ways, measured in one run: frozen, and its JSON.

`docs/containers.json` is one `Sides`; the form of its cases is that of the bench.
"""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import msgspec

from tests.load.child import ROOT
from tests.load.measured import CaseResult, Machine, indented

RESULT = ROOT / "docs" / "containers.json"
"""The committed one."""


@dataclass(frozen=True, slots=True)
class Side:
    """One way to run it."""

    ready_s: tuple[float, ...]
    """From each order to start until all was ready."""

    cases: tuple[CaseResult, ...]

    @property
    def start_s(self) -> float:
        """The median of the starts."""
        return statistics.median(self.ready_s)


@dataclass(frozen=True, slots=True)
class Sides:
    """Both, on one machine, in turn."""

    taken_at: str
    """ISO 8601, UTC."""

    machine: Machine
    processes: Side
    containers: Side
    images_mib: Mapping[str, float]

    def to_json(self) -> bytes:
        """Return the JSON that `from_json` reads."""
        return indented(self)

    @classmethod
    def from_json(cls, raw: bytes) -> Self:
        """Read what `to_json` wrote.

        Raises:
            msgspec.ValidationError: If it is not of this form.
        """
        return msgspec.json.decode(raw, type=cls)

    @property
    def is_sound(self) -> bool:
        """Whether every run can be trusted, and nothing was lost in any."""
        every = (*self.processes.cases, *self.containers.cases)
        return all(case.is_valid and case.is_right for case in every)
