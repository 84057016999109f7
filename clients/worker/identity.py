"""Which worker this is, and what its connection is made with."""

from dataclasses import dataclass

from clients.parcel import Following, Parcel
from clients.worker.wire import BrokerAddress
from mosquitto import topic
from mosquitto.topic import ANY

WISHES = (topic.client_join(ANY), topic.client_leave(ANY), topic.client_evict(ANY))
WISHED = Following(qos=1, own=False, shows_retain=True)


@dataclass(frozen=True, slots=True)
class Identity:
    """Which worker this is, and what it tells of its cluster."""

    cluster: str
    name: str
    broker: BrokerAddress
    capacity: int


def followed(cluster: str) -> dict[str, Following]:
    """Return what a worker of the cluster follows from the start."""
    return {
        # With QoS 1, since who does not hear its peers takes them for dead.
        topic.worker_status(cluster, ANY): Following(qos=1, own=False),
        topic.CONTROL_MOVE: Following(),
        **dict.fromkeys(WISHES, WISHED),
    }


def will(cluster: str, name: str) -> Parcel:
    """Return what tells the others that a worker is gone."""
    return Parcel(topic.worker_status(cluster, name), qos=1, retain=True)
