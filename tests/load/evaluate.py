"""From a run's raw records to its figures, and to what is wrong with them. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from clients.crowd.latency import latency
from clients.crowd.schedule import LATE_AFTER_S, LATE_SHARE_MAX, late_share
from clients.crowd.sending import Sendings, Sent
from tests.load.attendance import Member, figures, missed
from tests.load.case_run import AUDIENCE, GENERATOR
from tests.load.matching import (
    Seen,
    Sighting,
    hops_ms,
    match,
    relay_hops_ms,
)
from tests.load.measured import Book, CaseRun, Usage
from tests.load.schedule import Plan

SATURATED_CORES = 0.9
"""A generator or an audience this busy is what is measured."""


_MUST_NOT_FILL = (GENERATOR, AUDIENCE)


@dataclass(frozen=True, slots=True)
class Records:
    """Everything that one run of a load left behind."""

    plan: Plan
    warmup_s: float
    sendings: Sendings
    sightings: Mapping[str, Sequence[Sighting]]
    """Room → its frames in the order of their arrival."""

    usage: tuple[Usage, ...]
    members: tuple[Member, ...] = ()
    """The registered clients: the canary's, and the first room's if it has any."""

    gone: tuple[str, ...] = ()
    """Processes that ended meanwhile."""

    @property
    def measured_s(self) -> float:
        """How long was measured."""
        return self.plan.seconds - self.warmup_s

    def in_time(self, due_s: float) -> bool:
        """Whether a POST due then is measured."""
        return self.warmup_s <= due_s < self.plan.seconds

    @property
    def from_s(self) -> float:
        """When measuring began, in seconds since the epoch."""
        return self.sendings.started_s + self.warmup_s

    @property
    def until_s(self) -> float:
        """When it ended."""
        return self.sendings.started_s + self.plan.seconds

    @property
    def measured(self) -> list[Sent]:
        """The POSTs due in the measured time."""
        return [sent for sent in self.sendings.sent if self.in_time(sent.due_s)]


def evaluate(records: Records) -> CaseRun:
    """Return the figures of a run."""
    measured = records.measured
    seen = {
        room: _seen(records, room, records.sightings[room]) for room in _rooms(records)
    }
    canary = seen.pop(records.plan.canary)
    registered = _registered(records)
    loaded = [one for of_room in seen.values() for one in of_room]
    late = late_share([sent.ready_s - sent.due_s for sent in measured])
    return CaseRun(
        measured_s=records.measured_s,
        usage=records.usage,
        offered_per_s=_rate(records, measured),
        accepted_per_s=_rate(records, _answered_in_time(records)),
        answers=dict(Counter(sent.first for sent in measured)),
        late_share=late,
        book=_book(records),
        post=latency([sent.answered_s - sent.due_s for sent in measured]),
        canary=latency([one.latency_s for one in canary]),
        registered=latency([one.latency_s for one in registered]),
        audience=figures(
            [one for one in records.members if one.room != records.plan.canary],
            from_s=records.from_s,
            until_s=records.until_s,
        ),
        loaded=latency([one.latency_s for one in loaded]),
        hops_ms=hops_ms(canary) | relay_hops_ms(registered),
        notes={
            "connections": records.sendings.lines,
            "generator": "realtime"
            if records.sendings.went_first
            else "usual priority",
        },
        invalid=tuple(_faults(records, late)),
        failures=tuple(_failures(records)),
        excess=tuple(_excess(records, late)),
    )


def _rate(records: Records, sent: Sequence[Sent]) -> float:
    return sum(one.reactions for one in sent) / records.measured_s


def _answered_in_time(records: Records) -> list[Sent]:
    return [
        sent
        for sent in records.sendings.sent
        if sent.outcome == "accepted" and records.in_time(sent.answered_s)
    ]


def _rooms(records: Records) -> tuple[str, ...]:
    return (*records.plan.rooms, records.plan.canary)


def _registered(records: Records) -> list[Seen]:
    """Match the canary's taps with the frames of each of its registered clients."""
    canary = records.plan.canary
    return [
        seen
        for member in records.members
        if member.room == canary
        for seen in _seen(records, canary, member.got)
    ]


def _seen(records: Records, room: str, sightings: Sequence[Sighting]) -> list[Seen]:
    """Match a room's batches with its frames; those of the measured time are kept.

    A batch of which nobody knows whether it was stored makes it unknown which of the
    later ones a frame counts: the room has no latencies then.
    """
    sent = [one for one in records.sendings.sent if one.room == room]
    if any(one.outcome == "unknown" for one in sent):
        return []
    started_s = records.sendings.started_s
    return [
        one
        for one in match(sent, sightings, started_s)
        if records.in_time(one.due_s - started_s)
    ]


def totals(sendings: Sendings) -> Mapping[str, Counter[str]]:
    """Return room → outcome → reactions."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for sent in sendings.sent:
        found[sent.room][sent.outcome] += sent.reactions
    return found


def _counted(records: Records, room: str) -> int:
    sightings = records.sightings[room]
    return sightings[-1].total if sightings else 0


def _book(records: Records) -> Book:
    of_all = sum(totals(records.sendings).values(), Counter())
    return Book(
        accepted=of_all["accepted"],
        refused=of_all["refused"],
        unknown=of_all["unknown"],
        counted=sum(_counted(records, room) for room in _rooms(records)),
    )


def _failures(records: Records) -> Iterator[str]:
    """Check the promise room by room: what one lacks must not hide in another."""
    for name in records.gone:
        yield f"{name} ended"
    for room, (frames, members) in missed(records.members, records.until_s).items():
        yield (
            f"room {room}: {members} registered clients missed {frames} frames"
            " that others got"
        )
    for room, outcomes in totals(records.sendings).items():
        least = outcomes["accepted"]
        most = least + outcomes["unknown"]
        counted = _counted(records, room)
        if not least <= counted <= most:
            doubt = f" (at most {most})" if most > least else ""
            yield f"room {room}: accepted {least}{doubt}, counted {counted}"


def _excess(records: Records, late: float) -> Iterator[str]:
    """Tell whether more was offered than the machine takes."""
    held_back = late_share([one.sent_s - one.ready_s for one in records.measured])
    # What a late generator sends comes in a heap, and waits for that.
    if held_back > LATE_SHARE_MAX >= late:
        yield (
            f"it fell behind: {held_back:.1%} of the POSTs waited for one of"
            f" {records.sendings.lines} connections, all of which waited for answers"
        )


def _faults(records: Records, late: float) -> Iterator[str]:
    if late > LATE_SHARE_MAX:
        yield f"{late:.1%} of the POSTs were sent {LATE_AFTER_S * 1000:.0f} ms late"
    for usage in records.usage:
        if usage.name in _MUST_NOT_FILL and usage.cpu_cores > SATURATED_CORES:
            yield f"the {usage.name} was busy with {usage.cpu_cores:.2f} cores"
