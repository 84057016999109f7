"""What a run of the bench found: frozen, and the JSON that is committed.

`Result` is one file. A case or a reference is measured several times; what is quoted
is the median of the repeats with the least and the greatest beside it (`Spread`).
Latencies are in milliseconds, memory in MiB, CPU in cores (1.0 = one core's time).
Sequences are tuples, so that what is read back equals what was written.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, Self

import msgspec

from clients.crowd.latency import Latency
from tests.load.case_run import Audience, Book, CaseRun, Start, Usage
from tests.load.verdict import Verdict

__all__ = [
    "Absent",
    "Audience",
    "Book",
    "CaseResult",
    "CaseRun",
    "Failed",
    "Latency",
    "Machine",
    "Reference",
    "ReferenceResult",
    "ReferenceRun",
    "Result",
    "Spread",
    "Start",
    "Usage",
    "Verdict",
]

FORMAT = 1
"""Of the JSON; another number is another form."""

Kind = Literal[
    "load", "maximum", "idle", "startup",
    "crowd", "fan-out", "join-storm", "reconnect-storm", "auto-scale",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spread:
    """Several repeats of one figure."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Describe `values`; there is at least one."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class CaseResult:
    """All repeats of a case."""

    name: str
    """As `--only` takes it: `200k-by-500`."""

    title: str
    kind: Kind
    offered_per_s: float | None
    per_post: int | None
    settings: Mapping[str, str]
    """Those that are not the product's defaults, and there is a reason in `why`."""

    why: str
    warmup_s: float
    repeats: tuple[CaseRun, ...]
    members: int = 0
    """Registered clients beside the canary's."""

    @property
    def valid(self) -> Self:
        """The same, without the repeats that cannot be trusted."""
        runs = tuple(run for run in self.repeats if not run.invalid)
        return replace(self, repeats=runs)

    @property
    def is_valid(self) -> bool:
        """Whether every repeat can be trusted."""
        return not any(run.invalid for run in self.repeats)

    @property
    def is_right(self) -> bool:
        """Whether the system did nothing wrong in any repeat."""
        return not any(run.failures for run in self.repeats)

    @property
    def is_borne(self) -> bool:
        """Whether the machine took all that was offered, in every repeat."""
        return not any(run.excess for run in self.repeats)

    def spread(self, figure: Callable[[CaseRun], float | None]) -> Spread | None:
        """Return a figure's median and range over the repeats that have it."""
        values = [value for run in self.repeats if (value := figure(run)) is not None]
        return Spread.of(values) if values else None


@dataclass(frozen=True, slots=True)
class ReferenceRun:
    """One measurement of something to compare with."""

    name: str
    unit: str
    """What `rate_per_s` counts: `POST`, `reaction`, `record`, `delivery`."""

    rate_per_s: float
    cpu_cores: float
    """Of what does the work, without what drives it."""

    per_core_s: float
    """`unit`s for one core-second of what does the work."""

    details: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReferenceResult:
    """All repeats of a reference."""

    name: str
    title: str
    unit: str
    repeats: tuple[ReferenceRun, ...]
    skipped: str = ""
    """Why there is none: a part that is not installed."""

    def spread(self, figure: Callable[[ReferenceRun], float]) -> Spread | None:
        """Return a figure's median and range; None where it was skipped."""
        return (
            Spread.of([figure(run) for run in self.repeats]) if self.repeats else None
        )


@dataclass(frozen=True, slots=True)
class Machine:
    """Where and with what it was measured."""

    cpus: int
    model: str
    memory_mib: int
    kernel: str
    versions: Mapping[str, str]
    """Of Python, Java, Kafka, Spark, Mosquitto, and the main packages."""

    commit: str
    """With `+` behind it if the tree had changes."""

    load_before: float
    """Cores that others kept busy in the seconds before the run."""

    is_busy: bool
    """Whether that is too much for the figures to be quoted."""


def indented(result: object) -> bytes:
    """Return a result as JSON that is committed: its changes read well."""
    return msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n"


@dataclass(frozen=True, slots=True)
class Result:
    """One run of the bench: the file that is committed."""

    taken_at: str
    """ISO 8601, UTC."""

    machine: Machine
    cases: tuple[CaseResult, ...]
    references: tuple[ReferenceResult, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    complete: bool = True
    """False where it was interrupted, or only some cases were asked for."""

    format: int = FORMAT

    def to_json(self) -> bytes:
        """Return the JSON that `from_json` reads, indented, so that diffs read well."""
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
        """Whether every run is valid and right, whatever targets it missed.

        So it is not if a verdict has a case that is unproved.
        """
        return all(case.is_valid and case.is_right for case in self.cases)

    def case(self, name: str) -> CaseResult | None:
        """Return a case's result, if it was run."""
        return next((case for case in self.cases if case.name == name), None)

    def reference(self, name: str) -> ReferenceResult | None:
        """Return a reference's result, if it was measured."""
        return next((one for one in self.references if one.name == name), None)


class Reference(Protocol):
    """Something to compare with: `with reference: reference.measure(10)`, repeatedly.

    Entering starts what it needs, leaving ends it. Entering raises `Absent` if this
    machine lacks a part.
    """

    name: str
    title: str
    unit: str

    def __enter__(self) -> Self:
        """Start what is measured."""
        ...

    def __exit__(self, *_: object) -> None:
        """End it."""
        ...

    def measure(self, seconds: float) -> ReferenceRun:
        """Measure for about `seconds`, warm-up not included."""
        ...


class Absent(Exception):
    """A reference's part is not installed here; says which."""


class Failed(Exception):
    """A reference could not be measured, or what it measured means nothing."""
