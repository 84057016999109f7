"""What is wrong with a system: findings, and which of them explain others.

Judged from facts alone: no probe, no clock. The rules are in `rules`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from compose import contained
from compose.status.facts import ProcessFacts, Running, Status
from compose.supervision.rpc import State
from compose.topology import STREAM

NEW_S = 60.0
"""How long after its start a part that does not work yet is only starting."""

STREAM_NEW_S = 180.0
"""The same for the stream: Spark has been seen to take 80 s on a busy machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong."""

    part: str
    problem: str
    """A fixed label."""

    text: str
    """One sentence; what helps is in it."""

    may_come_of: tuple[str, ...] = ()
    """Parts that, if something is wrong with one of them, explain this."""

    because_of: str | None = None
    """The part that does explain it."""

    passes: bool = True
    """Whether it is usual, and passes, while the part is starting."""


Rule = Callable[[Status], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that is wrong, in the order of need: what stands first explains most."""

    findings: tuple[Finding, ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    @property
    def causes(self) -> list[Finding]:
        """The findings that no other one explains."""
        return [finding for finding in self.findings if finding.because_of is None]


def judge(status: Status, rules: Iterable[Rule]) -> Verdict:
    """Say all that is wrong with what a look saw.

    Args:
        status: What it saw.
        rules: In the order of need: one explains only what comes after it.
    """
    found: list[Finding] = []
    for rule in rules:
        for finding in rule(status):
            found.append(_said_as_new(_explained(finding, found), status))
    return Verdict(tuple(found))


def not_running(
    process: ProcessFacts | None, may_come_of: tuple[str, ...] = ()
) -> Iterator[Finding]:
    """Tell of a process that should run and does not."""
    if process is None or process.is_up:
        return
    name, why = process.name, process.last_restart_reason
    if process.state is State.STOPPED:
        text = f"{name} is stopped: `emostream up` starts it."
    else:
        seen = f" ({why}; restarted {process.restarts} times)" if why else ""
        text = f"{name} is not running{seen}: `emostream logs {name}` says why."
    yield Finding(part=name, problem="not_running", text=text, may_come_of=may_come_of)


def operated_by(status: Status) -> str:
    """Name the command that stops parts, and shows logs."""
    return contained.command(is_contained=status.running is Running.CONTAINED)


def started_by(status: Status) -> str:
    """Name the command that starts all that does not run."""
    return contained.up(is_contained=status.running is Running.CONTAINED)


def is_down(status: Status, name: str) -> bool:
    """Tell whether supervisord says that a part does not run: enough is said then."""
    process = status.process(name)
    return process is not None and not process.is_up


def _explained(finding: Finding, earlier: Sequence[Finding]) -> Finding:
    parts = [other.part for other in earlier if other.part in finding.may_come_of]
    return replace(finding, because_of=parts[0]) if parts else finding


def _said_as_new(finding: Finding, status: Status) -> Finding:
    """Say of a part that was started a moment ago only that it is not ready yet."""
    process = status.process(finding.part)
    if process is None or not finding.passes or not _is_new(process):
        return finding
    text = f"{process.name} is not ready yet, {process.running_s:.0f} s after its start"
    if process.restarts:
        text += f" (restarted {process.restarts} times; {process.last_restart_reason})"
    return replace(finding, problem="not_ready_yet", text=f"{text}: {finding.text}")


def _is_new(process: ProcessFacts) -> bool:
    limit_s = STREAM_NEW_S if process.name == STREAM else NEW_S
    return (
        process.is_up and process.running_s is not None and process.running_s < limit_s
    )
