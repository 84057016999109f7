"""From what viewers got, and what brokers used, to figures. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from clients.crowd.latency import Latency
from clients.crowd.report import SATURATED_SHARE
from tests.load.crowd_run import Fanned
from tests.load.measured import Usage

LAG_MAX_S = 0.45
"""Less than there is between two frames."""

_CLUSTER = re.compile(r"cluster-\d+")
_MAIN = "mosquitto-main"
_GREW = 1.1
"""Memory that grew by less was there before: it says nothing of these connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """What viewers got of what was published to them."""

    viewers: int
    published_s: Sequence[float]
    frame_every_s: float
    deliveries: int
    last_s: float
    reach: Latency | None
    apart: Latency | None
    cpu_share: float
    lag_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Brokers:
    """What those that have the viewers' connections used."""

    fresh_mib: float
    """Together, before they had ever had any."""

    before_mib: float
    """Before these viewers came."""

    peak_mib: float
    cores: float
    """Of all brokers, main included."""


def fanned(got: Got, brokers: Brokers) -> Fanned:
    """Return one side's figures."""
    first_s, last_s = got.published_s[0], got.published_s[-1]
    took_s = max(got.last_s, last_s + got.frame_every_s) - first_s
    return Fanned(
        deliveries_per_s=got.deliveries / took_s,
        missed=len(got.published_s) * got.viewers - got.deliveries,
        reach=got.reach,
        apart=got.apart,
        broker_cores=brokers.cores,
        connection_kib=_connection_kib(brokers, got.viewers),
        viewers_share=got.cpu_share,
        lag_s=got.lag_s,
    )


def faults(ours: Fanned, bare: Fanned | None) -> Iterator[str]:
    """Tell where the viewers' process was what was measured."""
    for where, side in (("ours", ours), ("the bare broker", bare)):
        if side and side.viewers_share > SATURATED_SHARE:
            yield f"{where}: the viewers were busy {side.viewers_share:.0%} of the time"
        if side and side.lag_s > LAG_MAX_S:
            yield (
                f"{where}: viewers read a frame {side.lag_s:.1f} s after it came: the"
                " next may have come by then, and its time be taken for both"
            )


def of_clusters(usage: Iterable[Usage]) -> list[Usage]:
    """Return the clusters' brokers, which have the viewers' connections."""
    return [one for one in usage if is_cluster(one.name)]


def of_brokers(usage: Iterable[Usage]) -> list[Usage]:
    """Return all brokers, main too."""
    return [one for one in usage if is_cluster(one.name) or one.name == _MAIN]


def is_cluster(name: str) -> bool:
    """Tell whether this is a cluster's broker."""
    return bool(_CLUSTER.fullmatch(name))


def _connection_kib(brokers: Brokers, viewers: int) -> float | None:
    if brokers.peak_mib < brokers.before_mib * _GREW:
        return None
    return (brokers.peak_mib - brokers.fresh_mib) / viewers * 1024
