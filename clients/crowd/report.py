"""What a crowd found, and what is wrong with it. Pure."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from clients.crowd.latency import Latency, latency
from clients.crowd.matching import Matched, own_latencies
from clients.crowd.plan import Plan
from clients.crowd.reactions import Reactions, losses
from clients.crowd.schedule import LATE_AFTER_S, LATE_SHARE_MAX, late_share
from clients.crowd.sending import Sendings
from clients.crowd.wire import Attended
from clients.crowd.witnessed import Witnessed

SATURATED_SHARE = 0.9
"""A sender, or seats, this busy is what is measured."""

WELL, NOT_WELL, INVALID = 0, 1, 3
"""Exit codes."""

FORMAT = 1


class SenderFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How the sender did."""

    seconds: float
    """How long it sent."""

    late_share: float
    """Of the POSTs: it came to them more than 10 ms after their time."""

    held_share: float
    """Of the POSTs: they waited as long for a connection; all waited for answers."""

    connections: int
    went_first: bool
    cpu_share: float
    post: Latency | None
    """Scheduled send → answer."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a crowd."""

    plan: Plan
    seconds: float
    """How long it went on once all were there."""

    is_interrupted: bool
    verdict: Literal["well", "not well", "invalid"]
    invalid: tuple[str, ...]
    """Why the figures cannot be trusted: the crowd's own fault. Empty = valid."""

    failures: tuple[str, ...]
    """What was lost, refused or missed."""

    reactions: Reactions | None
    """None where nothing was to be sent."""

    sender: SenderFigures | None
    tap: Latency | None
    """From when a batch was due, which is when its last reaction was tapped, until the
    client that sent it saw it counted. Others were gathered for up to half a second
    before."""

    unseen: int = 0
    """Accepted batches that their own clients did not see counted."""

    untold: int = 0
    """Accepted batches in no latency: one before them has no certain answer."""

    attended: Attended
    """What clients and viewers got, without the single sights."""

    format: int = FORMAT

    @property
    def exit_code(self) -> int:
        """What the command ends with."""
        if self.failures:
            return NOT_WELL
        return INVALID if self.invalid else WELL


class Records(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a run left behind."""

    plan: Plan
    seconds: float
    attended: Attended
    before: int = 0
    sendings: Sendings | None = None
    witnessed: Witnessed | None = None
    is_interrupted: bool = False


def report(records: Records) -> Report:
    """Judge a run."""
    reactions, sender = _reactions(records), _sent(records)
    invalid = tuple(_faults(records.attended, sender))
    failures = (*shortcomings(records.attended, reactions), *_held_back(sender))
    matched = _matched(records, reactions)
    return Report(
        plan=records.plan,
        seconds=records.seconds,
        is_interrupted=records.is_interrupted,
        verdict="not well" if failures else "invalid" if invalid else "well",
        invalid=invalid,
        failures=failures,
        reactions=reactions,
        sender=sender,
        tap=latency(matched.latencies_s),
        unseen=matched.unseen,
        untold=matched.untold,
        attended=msgspec.structs.replace(records.attended, taps=[]),
    )


def _reactions(records: Records) -> Reactions | None:
    if records.sendings is None:
        return None
    total = records.attended.total
    return Reactions.of(records.sendings, records.before, total, records.witnessed)


def _sent(records: Records) -> SenderFigures | None:
    sendings = records.sendings
    if sendings is None:
        return None
    return SenderFigures(
        seconds=records.seconds,
        late_share=late_share([one.ready_s - one.due_s for one in sendings.sent]),
        held_share=late_share([one.sent_s - one.ready_s for one in sendings.sent]),
        connections=sendings.lines,
        went_first=sendings.went_first,
        cpu_share=sendings.cpu_share,
        post=latency([one.answered_s - one.due_s for one in sendings.sent]),
    )


def _matched(records: Records, reactions: Reactions | None) -> Matched:
    """Return nothing where others react in the room: which are ours is not known."""
    if reactions is None or records.sendings is None or not reactions.is_exact:
        return Matched()
    taps = records.attended.taps
    return own_latencies(records.sendings, taps, reactions.before)


def _faults(attended: Attended, sender: SenderFigures | None) -> Iterator[str]:
    if sender and sender.late_share > LATE_SHARE_MAX:
        yield (
            f"{sender.late_share:.1%} of the POSTs were sent more than"
            f" {LATE_AFTER_S * 1000:.0f} ms late; {LATE_SHARE_MAX:.0%} may be"
        )
    if sender and sender.cpu_share > SATURATED_SHARE:
        yield f"the sender was busy {sender.cpu_share:.0%} of the time"
    if attended.cpu_share > SATURATED_SHARE:
        yield f"the seats were busy {attended.cpu_share:.0%} of the time"


def _held_back(sender: SenderFigures | None) -> Iterator[str]:
    # What a late sender sends comes in a heap, and waits for that.
    if sender and sender.held_share > LATE_SHARE_MAX >= sender.late_share:
        yield (
            f"the system fell behind: {sender.held_share:.1%} of the POSTs waited for"
            f" one of {sender.connections} connections, all of which waited for answers"
        )


def shortcomings(attended: Attended, reactions: Reactions | None) -> Iterator[str]:
    """Say what was lost, refused or missed."""
    if reactions:
        yield from losses(reactions)
    if attended.not_joined:
        why = f": {attended.problem}" if attended.problem else ""
        yield f"{attended.not_joined:,} clients were never assigned{why}"
    if attended.put_out:
        yield f"{attended.put_out:,} clients were turned away: {attended.problem}"
    if attended.unserved:
        yield f"{attended.unserved:,} clients were not served in the end"
    if attended.missed:
        yield (
            f"{attended.missed_by:,} clients missed {attended.missed:,} frames that"
            " others got while they were there"
        )
    if attended.not_newer:
        yield f"{attended.not_newer:,} clients got nothing newer after the mark"
