"""From a run's raw records to its figures, and to what is wrong with them. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.load.matching import Batch, Seen, Sighting, hops_ms, latency, match
from tests.load.measured import Book, CaseRun, Usage
from tests.load.schedule import LATE_AFTER_S, LATE_SHARE_MAX, Plan, late_share
from tests.load.sending import Sendings, Sent

GENERATOR = "generator"
SATURATED_CORES = 0.9
"""A generator this busy is what is measured."""


@dataclass(frozen=True, slots=True)
class Records:
    """Everything that one run of a load left behind."""

    plan: Plan
    warmup_s: float
    sendings: Sendings
    sightings: Mapping[str, Sequence[Sighting]]
    """Room → its frames in the order of their arrival."""

    usage: tuple[Usage, ...]
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
    def measured(self) -> list[Sent]:
        """The POSTs due in the measured time."""
        return [sent for sent in self.sendings.sent if self.in_time(sent.due_s)]


def evaluate(records: Records) -> CaseRun:
    """Return the figures of a run."""
    measured = records.measured
    seen = {room: _seen(records, room) for room in _rooms(records)}
    canary = seen.pop(records.plan.canary)
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
        loaded=latency([one.latency_s for one in loaded]),
        hops_ms=hops_ms(canary),
        notes={
            "connections": records.sendings.lines,
            "generator": "realtime"
            if records.sendings.went_first
            else "usual priority",
        },
        invalid=tuple(_faults(records, late)),
        failures=tuple(_failures(records, late)),
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


def _seen(records: Records, room: str) -> list[Seen]:
    """Match a room's batches with its frames; those of the measured time are kept.

    A batch of which nobody knows whether it was stored makes it unknown which of the
    later ones a frame counts: the room has no latencies then.
    """
    sent = [one for one in records.sendings.sent if one.room == room]
    if any(one.outcome == "unknown" for one in sent):
        return []
    started_s = records.sendings.started_s
    batches = [
        Batch(started_s + one.due_s, started_s + one.answered_s, one.reactions)
        for one in sent
        if one.outcome == "accepted"
    ]
    return [
        one
        for one in match(batches, records.sightings[room])
        if records.in_time(one.batch.due_s - started_s)
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


def _failures(records: Records, late: float) -> Iterator[str]:
    """Check the promise room by room: what one lacks must not hide in another."""
    for name in records.gone:
        yield f"{name} ended"
    held_back = late_share([one.sent_s - one.ready_s for one in records.measured])
    # What a late generator sends comes in a heap, and waits for that.
    if held_back > LATE_SHARE_MAX >= late:
        yield (
            f"it fell behind: {held_back:.1%} of the POSTs waited for one of"
            f" {records.sendings.lines} connections, all of which waited for answers"
        )
    for room, outcomes in totals(records.sendings).items():
        least = outcomes["accepted"]
        most = least + outcomes["unknown"]
        counted = _counted(records, room)
        if not least <= counted <= most:
            doubt = f" (at most {most})" if most > least else ""
            yield f"room {room}: accepted {least}{doubt}, counted {counted}"


def _faults(records: Records, late: float) -> Iterator[str]:
    if late > LATE_SHARE_MAX:
        yield f"{late:.1%} of the POSTs were sent {LATE_AFTER_S * 1000:.0f} ms late"
    for usage in records.usage:
        if usage.name == GENERATOR and usage.cpu_cores > SATURATED_CORES:
            yield f"the generator was busy with {usage.cpu_cores:.2f} cores"
