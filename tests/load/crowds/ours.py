"""Registered viewers of one room of the system, and frames published to its main."""

import os
import time
import uuid
from dataclasses import dataclass

from clients.crowd.plan import Plan
from clients.crowd.processes import SEATS
from clients.crowd.report import Report
from tests.load.case_run import AUDIENCE, HARNESS
from tests.load.cases import Case
from tests.load.crowd_run import Fanned
from tests.load.crowds.gathering import Gathering
from tests.load.crowds.publisher import FRAME_EVERY_S, Publisher
from tests.load.crowds.side import (
    Brokers,
    Got,
    fanned,
    is_cluster,
    of_brokers,
    of_clusters,
)
from tests.load.measured import Usage
from tests.load.system import System, rss_mib
from tests.load.usage import Meter

COME_PER_S = 300.0
RESTS_S = 1.0
"""Between the last that has come and the first frame."""

UNDER_WAY_S = 2.5
"""So long the last frame may take."""

_SLACK_S = 4.0


@dataclass(frozen=True, slots=True)
class Ours:
    """What the system did."""

    found: Fanned
    report: Report
    usage: tuple[Usage, ...]
    frames: int
    frame_bytes: int
    gone: tuple[str, ...]


def viewers(case: Case, system: System) -> Plan:
    """Return who comes: to a room of their own."""
    return Plan(
        url=system.url,
        room=f"bench-{uuid.uuid4().hex[:8]}",
        clients=0,
        viewers=case.members,
        rate=0,
        seconds=RESTS_S + case.seconds + UNDER_WAY_S + _SLACK_S,
        steps_back=case.kind == "fan-out",
        arrive_within_s=case.come_within_s or case.members / COME_PER_S,
    )


def on_ours(case: Case, system: System) -> Ours:
    """Have them come, publish, and take what they got.

    Raises:
        NoCrowd: If they do not come.
        NotPublished: If main does not take frames.
    """
    plan = viewers(case, system)
    before_mib = _clusters_mib(system)
    with Publisher(system.main, plan.room) as publisher, Gathering(plan) as crowd:
        crowd.wait_until_there()
        time.sleep(RESTS_S)
        ours = {AUDIENCE: crowd.pids[SEATS], HARNESS: os.getpid()}
        with Meter({**system.pids, **ours}) as meter:
            publisher.publish_for(case.seconds)
        report = crowd.report()
    got = report.attended
    return Ours(
        found=fanned(
            Got(
                viewers=case.members,
                published_s=publisher.published_s,
                frame_every_s=FRAME_EVERY_S,
                deliveries=got.deliveries,
                last_s=got.last_s,
                reach=got.reach,
                apart=got.everywhere,
                cpu_share=got.cpu_share,
                lag_s=got.lag_s,
            ),
            Brokers(
                fresh_mib=sum(
                    mib for name, mib in system.fresh_mib.items() if is_cluster(name)
                ),
                before_mib=before_mib,
                peak_mib=sum(one.rss_peak_mib for one in of_clusters(meter.usage)),
                cores=sum(one.cpu_cores for one in of_brokers(meter.usage)),
            ),
        ),
        report=report,
        usage=meter.usage,
        frames=len(publisher.published_s),
        frame_bytes=publisher.frame_bytes,
        gone=meter.gone,
    )


def _clusters_mib(system: System) -> float:
    return sum(rss_mib(pid) for name, pid in system.pids.items() if is_cluster(name))
