"""One repeat of a case, by its kind, on the real system."""

import os
import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial

import httpx

from tests.load.attendance import Member
from tests.load.case_run import AUDIENCE, GENERATOR, HARNESS
from tests.load.cases import CANARIES_PER_S, CONNECTIONS, Case
from tests.load.child import Child
from tests.load.crowds.auto_scale import auto_scale
from tests.load.crowds.kinds import REPEAT, fan_out
from tests.load.driver import GeneratorFailed, generator
from tests.load.evaluate import Records, evaluate, totals
from tests.load.measured import CaseRun, Failed, Kind, Start
from tests.load.schedule import Plan
from tests.load.system import NotUp, System, own_stack, system_of
from tests.load.tickets import Invitation
from tests.load.usage import Meter
from tests.load.viewer import NotSeen, Viewer

SETTLES_WITHIN_S = 60
"""After the last answer: all that was accepted is counted by then, or it is lost."""

_WATCH_ON_S = 2.0
"""Then: what is counted twice would come with the next triggers."""

_FIRST_FRAME_WITHIN_S = 60
_SEATED_WITHIN_S = 120
_TELLS_WITHIN_S = 60


def repeat(case: Case, system: System | None, turn: int) -> CaseRun:
    """Measure a case once; what goes wrong is a failure of the run.

    Args:
        case: What to measure.
        system: Where; None for a case that starts its own.
        turn: The number of the repeat, from 0: of two sides that one run compares,
            the other goes first in every second.
    """
    try:
        if system is None:
            return _OWN_SYSTEM[case.kind](case)
        return _kinds(turn).get(case.kind, _load)(case, system)
    except (
        *(Failed, GeneratorFailed),
        *(NotSeen, NotUp, httpx.HTTPError, TimeoutError),
    ) as error:
        return CaseRun(measured_s=0, failures=(str(error),))


def _kinds(turn: int) -> Mapping[Kind, Callable[[Case, System], CaseRun]]:
    in_turn = partial(fan_out, bare_first=turn % 2 == 1)
    return {"idle": _idle, "fan-out": in_turn, **REPEAT}


def _load(case: Case, system: System) -> CaseRun:
    plan = _plan(case, system)
    rooms = (*plan.rooms, plan.canary)
    with ExitStack() as using:
        viewer = using.enter_context(_viewer(system, rooms))
        audience = using.enter_context(Child("tests.load.audience"))
        audience.ask(_invitation(case, plan), int, within_s=_SEATED_WITHIN_S)
        driver = using.enter_context(generator(plan))
        _sleep_until(driver.started_s + case.warmup_s)
        ours = {GENERATOR: driver.pid, AUDIENCE: audience.pid, HARNESS: os.getpid()}
        with Meter({**system.pids, **ours}) as meter:
            _sleep_until(driver.started_s + plan.seconds)
        sendings = driver.book()
        accepted = {
            room: outcomes["accepted"] for room, outcomes in totals(sendings).items()
        }
        viewer.wait_for_totals(accepted, SETTLES_WITHIN_S)
        time.sleep(_WATCH_ON_S)
        sightings = {room: viewer.sightings(room) for room in rooms}
        members = audience.ask("leave", tuple[Member, ...], within_s=_TELLS_WITHIN_S)
    return evaluate(
        Records(
            plan=plan,
            warmup_s=case.warmup_s,
            sendings=sendings,
            sightings=sightings,
            usage=meter.usage,
            members=members,
            gone=meter.gone,
        )
    )


def _invitation(case: Case, plan: Plan) -> Invitation:
    return Invitation(
        host=plan.host,
        port=plan.port,
        canary=plan.canary,
        room=plan.rooms[0],
        members=case.members,
    )


def _plan(case: Case, system: System) -> Plan:
    run = uuid.uuid4().hex[:8]
    per_post = case.per_post or 1
    return Plan(
        host=system.host,
        port=system.port,
        rooms=tuple(f"bench-{run}-{index}" for index in range(case.rooms)),
        canary=f"bench-{run}-canary",
        per_post=per_post,
        posts_per_s=(case.reactions_per_s or 0) / per_post,
        canaries_per_s=CANARIES_PER_S,
        seconds=case.warmup_s + case.seconds,
        seed=random.getrandbits(32),
        closed=0 if case.reactions_per_s else CONNECTIONS,
    )


def _idle(case: Case, system: System) -> CaseRun:
    time.sleep(case.warmup_s)
    with Meter({**system.pids, HARNESS: os.getpid()}) as meter:
        time.sleep(case.seconds)
    return CaseRun(
        measured_s=case.seconds,
        usage=meter.usage,
        failures=tuple(f"{name} ended" for name in meter.gone),
    )


def _start_up(case: Case) -> CaseRun:
    with own_stack(case.settings) as (stack, ready_s):
        began_s = time.monotonic()
        _first_frame(system_of(stack, see_processes=False))
        first_frame_s = time.monotonic() - began_s
    return CaseRun(measured_s=ready_s, start=Start(ready_s, first_frame_s))


def _first_frame(system: System) -> None:
    """Return once a reaction has come out of a cluster's broker.

    Raises:
        NotSeen: If it does not.
    """
    with _viewer(system, ["first"]) as viewer:
        url = f"http://{system.host}:{system.port}/v1/rooms/first/reactions"
        tap = {"user_id": "bench", "emoji_type": "🚀", "timestamp": 0}
        httpx.post(url, json=tap, trust_env=False).raise_for_status()
        if not viewer.wait_for_totals({"first": 1}, _FIRST_FRAME_WITHIN_S):
            raise NotSeen(f"no frame within {_FIRST_FRAME_WITHIN_S} s")


_OWN_SYSTEM = {"startup": _start_up, "auto-scale": auto_scale}


def _viewer(system: System, rooms: Sequence[str]) -> Viewer:
    return Viewer(system.broker_host, system.broker_port, rooms)


def _sleep_until(at_s: float) -> None:
    time.sleep(max(0.0, at_s - time.time()))
