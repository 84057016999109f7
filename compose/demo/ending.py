"""What a demo came to: the verdict, and the words for it. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from clients.cli.crowd import ledger_words, reservations, tap_words
from clients.crowd.progress import Progress
from clients.crowd.reactions import Reactions
from clients.crowd.report import (
    INVALID,
    NOT_WELL,
    WELL,
    Report,
    shortcomings,
)
from clients.crowd.wire import Attended
from compose.demo.kills import BrokerKill, Kill, WorkerKill

FRAMES_PER_S = 2
"""Of a room in which much goes on."""

_NONE = Reactions(
    sent=0,
    accepted=0,
    refused=0,
    unknown=0,
    batches=0,
    repeated=0,
    before=0,
    after=0,
    counted=0,
    is_exact=True,
)


@dataclass(frozen=True, slots=True)
class Result:
    """What was found."""

    report: Report
    kills: Sequence[Kill]
    spared: Sequence[str]
    """Why what was due was not killed."""
    last: Progress
    """Before the crowd left."""

    @property
    def reactions(self) -> Reactions:
        """What became of what was sent."""
        return self.report.reactions or _NONE

    @property
    def lost(self) -> int:
        """Accepted, and not counted."""
        return max(0, self.reactions.accepted - self.reactions.counted)

    @property
    def twice(self) -> int:
        """Counted, and not sent."""
        most = self.reactions.accepted + self.reactions.unknown
        return max(0, self.reactions.counted - most)

    @property
    def unserved(self) -> int:
        """Clients whom nobody served in the end."""
        return max(0, self.last.expected - self.last.joined)

    @property
    def excused(self) -> int:
        """Frames that clients of killed workers may have skipped meanwhile.

        Those stay where they are, and get the next frame from who takes over.
        """
        return sum(
            kill.victim.clients * (1 + math.ceil(kill.served_after_s * FRAMES_PER_S))
            for kill in self.kills
            if isinstance(kill, WorkerKill) and kill.served_after_s is not None
        )

    @property
    def judged(self) -> Attended:
        """What clients got, without what the kills excuse, or to have ended early."""
        seen = self.report.attended
        missed = seen.missed if seen.missed > self.excused else 0
        if self.report.is_interrupted:
            seen = replace(seen, unserved=0, not_newer=0)
        return replace(seen, missed=missed)

    @property
    def exit_code(self) -> int:
        """What the command ends with."""
        if any(failures(self)):
            return NOT_WELL
        return INVALID if self.report.invalid else WELL


def failures(result: Result) -> Iterator[str]:
    """Say what must not be."""
    seen = result.judged
    for failure in shortcomings(seen, result.report.reactions):
        yield f"{failure}."
    is_said = seen.unserved or seen.not_joined or seen.put_out
    if result.unserved and not is_said and not result.report.is_interrupted:
        yield f"{result.unserved:,} clients were not served in the end."
    for kill in result.kills:
        if kill.ready_after_s is None:
            yield f"{kill.name} was killed and has not come back: `emostream status`."


def lines(result: Result) -> Iterator[tuple[str, str]]:
    """Yield what a person reads in the end: a style and a line each."""
    if result.report.is_interrupted:
        yield "yellow", f"Ended early, after {result.report.seconds:.0f} s; until then:"
    yield "bold", "What became of it"
    yield from _account(result)
    yield from _skipped(result)
    for kill in result.kills:
        yield from _cost(result, kill)
    for why in result.spared:
        yield "yellow", f"  {why}"
    yield "", ""
    yield from _verdict(result)


def _account(result: Result) -> Iterator[tuple[str, str]]:
    found = result.reactions
    yield "", f"  accepted          {found.accepted:>11,} reactions"
    is_right = not (result.lost or result.twice)
    missing = "not counted yet" if result.lost else "lost"
    yield (
        "bold green" if is_right else "bold red",
        (
            f"  counted           {found.counted:>11,} {missing} {result.lost:,},"
            f" counted twice {result.twice:,}"
        ),
    )
    if found.witnessed:
        yield "", f"  ledger            {ledger_words(found.witnessed)}"
    unknown = f", without an answer {found.unknown:,}" if found.unknown else ""
    again = f", sent again until answered {found.repeated:,} batches"
    yield (
        "",
        (
            f"  refused           {found.refused:>11,}{unknown}"
            f"{again if found.repeated else ''}"
        ),
    )
    yield "", f"  last tap of a batch → own client {tap_words(result.report)}"


def _cost(result: Result, kill: Kill) -> Iterator[tuple[str, str]]:
    """Say what a kill cost."""
    yield "", f"  {kill.name} was killed"
    who = f"{kill.victim.clients:,} clients"
    if isinstance(kill, BrokerKill):
        yield "", f"    {who} had to move; {_longest(result.report.attended)}"
    elif kill.served_after_s is not None:
        after = f"after {kill.served_after_s:.1f} s at most"
        yield "", f"    {who} stayed where they were; others had its slots {after}"
    else:
        yield "", f"    {who} stayed where they were; who serves them was not seen"
    if kill.ready_after_s is None:
        yield "", "    it has not come back"
    else:
        yield "", f"    it was back after {kill.ready_after_s:.1f} s, by itself"


def _longest(seen: Attended) -> str:
    """Say how long clients waited for a new frame."""
    waited = f"{seen.newer.max_ms / 1000:.1f} s" if seen.newer else "a time not known"
    if seen.not_newer:
        return f"{seen.not_newer:,} got no new frame at all, the others after {waited}"
    return f"nobody waited longer than {waited} for a new frame"


def _skipped(result: Result) -> Iterator[tuple[str, str]]:
    seen = result.report.attended
    newer = ", each replaced by a newer one" if not seen.not_newer else ""
    yield "", f"  frames delivered  {seen.deliveries:>11,}"
    yield (
        "",
        (
            f"  frames skipped    {seen.missed_away:>11,} by clients that moved"
            f"{newer if seen.missed_away else ''}"
        ),
    )
    yield (
        "yellow" if seen.missed else "",
        f"                    {seen.missed:>11,} by all others",
    )


def _verdict(result: Result) -> Iterator[tuple[str, str]]:
    found = [*failures(result)]
    for failure in found:
        yield "bold red", failure
    for why in result.report.invalid:
        yield "bold yellow", f"This machine was too busy for true latencies: {why}."
    if not found:
        yield "bold green", _sentence(result)
        for but in reservations(result.report):
            yield "yellow", f"But {but}."


def _sentence(result: Result) -> str:
    accepted = result.reactions.accepted
    meanwhile = " and ".join(kill.name for kill in result.kills)
    though = f", though {meanwhile} died meanwhile" if meanwhile else ""
    served = (
        "" if result.unserved else f" All {result.last.expected:,} clients are served."
    )
    return f"Each of {accepted:,} accepted reactions is counted once{though}.{served}"
