"""One repeat of a case with many clients, by its kind."""

import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TypeVar

from clients.crowd.plan import Plan
from clients.crowd.processes import SEATS, SENDER
from clients.crowd.report import Report
from tests.load.case_run import AUDIENCE, GENERATOR, HARNESS
from tests.load.cases import Case
from tests.load.crowd_run import Fanned, FanOut, Storm
from tests.load.crowds.bare import on_bare
from tests.load.crowds.gathering import Gathering
from tests.load.crowds.ours import RESTS_S, on_ours, viewers
from tests.load.crowds.publisher import Publisher
from tests.load.crowds.side import LAG_MAX_S, faults
from tests.load.measured import Absent, Audience, Book, CaseRun, Kind, Usage
from tests.load.system import System
from tests.load.usage import Meter

BEFORE_IT_IS_KILLED_S = 3.0
_VICTIM = "cluster-1"
_CLEAR_S = 0.25
"""After a frame was published, everybody has it; the next is not under way."""

_MARKED_WITHIN_S = 0.1

FIRST, OURS, BARE = "first", "ours", "bare"
"""In the notes of a run: which side was measured first."""

_One = TypeVar("_One")
_Other = TypeVar("_Other")


def crowd(case: Case, system: System) -> CaseRun:
    """Have clients react at a rate of their own, and get their frames."""
    plan = Plan(
        url=system.url,
        room=case.room or f"bench-{uuid.uuid4().hex[:8]}",
        clients=case.members,
        rate=(case.reactions_per_s or 0) / case.members,
        seconds=case.seconds,
    )
    with Gathering(plan) as gathering:
        gathering.wait_until_there()
        pids = gathering.pids
        ours = {GENERATOR: pids[SENDER], AUDIENCE: pids[SEATS], HARNESS: os.getpid()}
        with Meter({**system.pids, **ours}) as meter:
            gathering.wait_until_sent()
        report = gathering.report()
    return crowd_run(report, meter.usage, meter.gone)


def crowd_run(
    report: Report, usage: tuple[Usage, ...], gone: tuple[str, ...] = ()
) -> CaseRun:
    """Say of a crowd what is said of every load. Pure."""
    got, said, sent = report.attended, report.reactions, report.sender
    return CaseRun(
        measured_s=report.seconds,
        usage=usage,
        offered_per_s=said.sent / report.seconds if said else None,
        accepted_per_s=said.accepted / report.seconds if said else None,
        late_share=sent.late_share if sent else None,
        book=Book(said.accepted, said.refused, said.unknown, said.counted)
        if said
        else None,
        post=sent.post if sent else None,
        registered=report.tap,
        audience=Audience(
            members=got.members,
            clusters=0,
            frames=got.frames,
            missed=got.missed,
            relay=got.relay,
            spread=got.spread,
            arrivals=got.arrivals,
        ),
        invalid=report.invalid,
        failures=(*report.failures, *(f"{name} ended" for name in gone)),
    )


def fan_out(case: Case, system: System, *, bare_first: bool) -> CaseRun:
    """Bring frames to viewers: by the system, and by a bare broker."""
    ours, bare = in_order(
        lambda: on_ours(case, system), lambda: _on_bare(case), last_first=bare_first
    )
    missed = ours.found.missed
    return CaseRun(
        measured_s=case.seconds,
        usage=ours.usage,
        fan_out=FanOut(
            viewers=case.members,
            frames=ours.frames,
            frame_bytes=ours.frame_bytes,
            ours=ours.found,
            bare=bare,
            relayed=ours.report.attended.relayed,
            worker_cores=sum(one.cpu_cores for one in ours.usage if one.is_worker),
        ),
        notes={FIRST: BARE if bare_first else OURS},
        invalid=tuple(faults(ours.found, bare)),
        failures=(
            *ours.report.failures,
            *(f"{name} ended" for name in ours.gone),
            *([f"{missed:,} deliveries never came"] if missed else []),
        ),
    )


def in_order(
    one: Callable[[], _One], other: Callable[[], _Other], *, last_first: bool
) -> tuple[_One, _Other]:
    """Return what both give; call them in this order, or the other way round."""
    if last_first:
        found = other()
        return one(), found
    return one(), other()


def _on_bare(case: Case) -> Fanned | None:
    with suppress(Absent):
        return on_bare(case)
    return None


def join_storm(case: Case, system: System) -> CaseRun:
    """Have clients come all at a time."""
    with (
        Meter({**system.pids, HARNESS: os.getpid()}) as meter,
        Gathering(viewers(case, system)) as gathering,
    ):
        gathering.wait_until_there()
        gathering.stop()
        report = gathering.report()
    return CaseRun(
        measured_s=case.come_within_s,
        usage=meter.usage,
        storm=storm(case, report),
        invalid=report.invalid,
        failures=report.failures,
    )


def reconnect_storm(case: Case, system: System) -> CaseRun:
    """Kill a cluster's broker that has its share of the clients."""
    plan = viewers(case, system)
    with Publisher(system.main, plan.room) as publisher, Gathering(plan) as gathering:
        gathering.wait_until_there()
        time.sleep(RESTS_S)
        ours = {AUDIENCE: gathering.pids[SEATS], HARNESS: os.getpid()}
        publisher.publish_for(BEFORE_IT_IS_KILLED_S)
        publisher.publish()
        time.sleep(_CLEAR_S)
        gathering.mark()
        time.sleep(_MARKED_WITHIN_S)
        os.kill(system.pids[_VICTIM], signal.SIGKILL)
        alive = {name: pid for name, pid in system.pids.items() if name != _VICTIM}
        with Meter({**alive, **ours}) as meter:
            publisher.publish_for(case.seconds - BEFORE_IT_IS_KILLED_S)
        report = gathering.report()
    found = storm(case, report)
    return CaseRun(
        measured_s=case.seconds - BEFORE_IT_IS_KILLED_S,
        usage=meter.usage,
        storm=found,
        invalid=(*report.invalid, *late(report)),
        failures=(
            *report.failures,
            *(f"{name} ended" for name in meter.gone),
            *(() if found.lost else ("nobody lost a connection",)),
        ),
    )


def late(report: Report) -> Iterator[str]:
    """Tell whether its clients waited for a processor, not for brokers. Pure."""
    if report.attended.lag_s > LAG_MAX_S:
        yield f"its clients read a frame {report.attended.lag_s:.1f} s after it came"


def storm(case: Case, report: Report) -> Storm:
    """Return what a storm came to. Pure."""
    got = report.attended
    return Storm(
        clients=case.members,
        joined=got.joins.n if got.joins else 0,
        put_off=got.put_off,
        joins=got.joins,
        connects_busiest=got.connects_busiest,
        lost=got.lost,
        newer=got.newer_lost,
        not_newer=got.not_newer,
        reached_busiest=got.reached_busiest,
    )


REPEAT: Mapping[Kind, Callable[[Case, System], CaseRun]] = {
    "crowd": crowd,
    "join-storm": join_storm,
    "reconnect-storm": reconnect_storm,
}
"""How a kind of case is measured each time; `fan_out` is told whose turn it is."""
