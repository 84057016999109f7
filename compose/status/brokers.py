"""What the brokers show: main to the operator, each cluster's to any viewer."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bridge.rooms import TimedStamp
from compose.brokers import cluster_names
from compose.credentials import Credentials
from compose.mqtt_reader import BrokerRefused, Login, read
from compose.settings import Settings
from compose.status.facts import ClusterFacts, MainFacts
from mosquitto.acl import OPERATOR
from mosquitto.topic import ANY, CONTROL_PULSE, cluster_link, room_frame, room_of
from stream.frame import BadFrame, Pulse

_ANSWER_WITHIN_S = 2.0

_PULSE_WITHIN_S = 6.5
"""A viewer calls a room stale without a pulse for six seconds; nor do we sooner."""


def look_at_main(settings: Settings) -> tuple[MainFacts, Mapping[str, bool]]:
    """Ask the main broker, as the operator, which clusters are linked to it."""
    links = [cluster_link(name) for name in cluster_names(settings)]
    try:
        credentials = Credentials.load(settings.state_dir)
        login = Login(OPERATOR, credentials.passwords[OPERATOR])
        came = read(settings.main_port, links, login=login, within_s=_ANSWER_WITHIN_S)
    except BrokerRefused as error:
        return MainFacts(problem=str(error)), {}
    except (OSError, ValueError, KeyError) as error:
        return MainFacts(problem=f"the credentials cannot be read: {error!r}"), {}
    names = cluster_names(settings)
    linked = {name: came.get(cluster_link(name)) == b"1" for name in names}
    return MainFacts(problem=None), linked


@dataclass(frozen=True, slots=True)
class Watched:
    """What a viewer had got, and when that was."""

    newest: Mapping[str, bytes]
    """The newest message of each topic."""

    at_ms: int


def watch_cluster(port: int) -> Watched:
    """Watch a cluster's broker as an anonymous viewer, until a pulse has come.

    Raises:
        BrokerRefused: If it takes no viewers.
    """
    came = read(
        port,
        [room_frame(ANY), CONTROL_PULSE],
        within_s=_PULSE_WITHIN_S,
        until=lambda received: CONTROL_PULSE in received,
        linger=True,
    )
    return Watched(came, time.time_ns() // 1_000_000)


def cluster_facts(
    name: str, watch: Callable[[], Watched], *, is_linked: bool | None
) -> ClusterFacts:
    """Say how old is what came from a cluster's broker.

    Args:
        name: The cluster's.
        watch: Returns what `watch_cluster` returned, or raises what it raised.
        is_linked: What the main broker knows of it.
    """
    try:
        seen = watch()
    except BrokerRefused as error:
        return ClusterFacts(name=name, problem=str(error), is_linked=is_linked)
    every = [_made_ms(topic, raw) for topic, raw in seen.newest.items()]
    made_ms = max((one for one in every if one is not None), default=None)
    sent_ms = _sent_ms(seen.newest.get(CONTROL_PULSE))
    return ClusterFacts(
        name=name,
        problem=None,
        is_linked=is_linked,
        last_frame_made_ms=made_ms,
        last_frame_age_s=_age_s(made_ms, seen.at_ms),
        last_pulse_age_s=_age_s(sent_ms, seen.at_ms),
    )


def _age_s(moment_ms: int | None, now_ms: int) -> float | None:
    return None if moment_ms is None else max(0, now_ms - moment_ms) / 1000


def _made_ms(topic: str, raw: bytes) -> int | None:
    if room_of(topic) is None:
        return None
    try:
        return TimedStamp.decode(raw).times.made_ms
    except BadFrame:
        return None


def _sent_ms(raw: bytes | None) -> int | None:
    try:
        return Pulse.decode(raw).sent_ms if raw else None
    except BadFrame:
        return None
