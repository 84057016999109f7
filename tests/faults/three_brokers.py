"""A system on a Kafka of three brokers: three replicas, two in step at least."""

import random
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata, PartitionMetadata

from ingest.topics import reactions_name
from tests.faults.fault import Done
from tests.faults.running import say, up
from tests.faults.scene import Scene
from tests.faults.senders import Senders
from tests.integration.kafka_server import KafkaServer
from tests.integration.processes import LOOPBACK, free_port, wait_until
from tests.system.stack import Stack

BROKERS = 3
IN_STEP_MIN = 2

_ANSWER_WITHIN_S = 5.0
_START_WITHIN_S = 120.0

_REPLICATED = {
    "default.replication.factor": BROKERS,
    "min.insync.replicas": IN_STEP_MIN,
    "offsets.topic.replication.factor": BROKERS,
    "transaction.state.log.replication.factor": BROKERS,
    "transaction.state.log.min.isr": IN_STEP_MIN,
    "share.coordinator.state.topic.replication.factor": BROKERS,
    "share.coordinator.state.topic.min.isr": IN_STEP_MIN,
}


class Brokers:
    """Three nodes that know each other; the first has the number 1."""

    def __init__(self, folder: Path) -> None:
        ports = [(free_port(), free_port()) for _ in range(BROKERS)]
        voters = [
            f"{number}@{LOOPBACK}:{controller}"
            for number, (_, controller) in enumerate(ports, 1)
        ]
        self.nodes = {
            number: _node(folder / f"kafka-{number}", number, voters, own)
            for number, own in enumerate(ports, 1)
        }
        self.servers = ",".join(node.servers for node in self.nodes.values())
        self._admin = AdminClient({"bootstrap.servers": self.servers, "log_level": 0})

    def start(self) -> None:
        """Start all, and wait until they have found each other."""
        for node in self.nodes.values():
            node.launch()
        wait_until(self._are_together, within_s=_START_WITHIN_S, what="three brokers")

    def kill(self) -> None:
        """End all of them."""
        for node in self.nodes.values():
            node.kill()

    def partitions(self, topic: str) -> Mapping[int, PartitionMetadata]:
        """Return what is known of a topic's partitions; nothing if nobody answers."""
        known = self._known()
        return known.topics[topic].partitions if known else {}

    def are_in_step(self) -> bool:
        """Tell whether every replica of everything is up to date."""
        known = self._known()
        return known is not None and all(
            len(partition.isrs) == BROKERS
            for topic in known.topics.values()
            for partition in topic.partitions.values()
        )

    def _are_together(self) -> bool:
        known = self._known()
        return known is not None and len(known.brokers) == BROKERS

    def _known(self) -> ClusterMetadata | None:
        try:
            return self._admin.list_topics(timeout=_ANSWER_WITHIN_S)
        except KafkaException:
            return None


@dataclass(slots=True, kw_only=True)
class ThreeBrokers(Scene):
    """A system, and the brokers it depends on."""

    brokers: Brokers


@contextmanager
def three_brokers(folder: Path, seed: int) -> Iterator[ThreeBrokers]:
    """Run such a system until the end of the block."""
    brokers = Brokers(folder)
    with ExitStack() as parts:
        parts.callback(brokers.kill)
        brokers.start()
        stack = Stack(folder, {"KAFKA_SERVERS": brokers.servers})
        parts.enter_context(up(stack))
        senders = parts.enter_context(Senders(stack.url, seed))
        yield ThreeBrokers(stack, random.Random(seed), senders, say, brokers=brokers)


def kill_leader(scene: Scene) -> Done:
    """Kill who leads a partition of the reactions; start it when others lead."""
    assert isinstance(scene, ThreeBrokers)
    brokers = scene.brokers
    scene.wait_for(brokers.are_in_step, "every replica in step")
    partitions = brokers.partitions(reactions_name(""))
    number = scene.chance.choice([one.leader for one in partitions.values()])
    leader = brokers.nodes[number]
    began_s = time.monotonic()
    leader.kill()
    try:
        scene.wait_for(
            lambda: _others_lead(brokers, number), "leaders among the other two"
        )
        others_s = time.monotonic() - began_s
    finally:
        leader.launch()
    note = f"broker {number}; others led after {others_s:.1f} s"
    return Done(began_s, began_s, note=note)


def _others_lead(brokers: Brokers, number: int) -> bool:
    partitions = brokers.partitions(reactions_name("")).values()
    leaders = {one.leader for one in partitions}
    return bool(leaders) and leaders.isdisjoint({number, -1})


def _node(
    folder: Path, number: int, voters: list[str], ports: tuple[int, int]
) -> KafkaServer:
    folder.mkdir()
    own = {"node.id": number, "controller.quorum.voters": ",".join(voters)}
    return KafkaServer(folder, ports=ports, changes={**_REPLICATED, **own})
