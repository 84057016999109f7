"""Faults of Kafka: one node, one on a small volume, and three."""

from tests.faults.blows import hang, kill, take_away, victim
from tests.faults.fault import Done, Fault
from tests.faults.full_disk import fill_log_volume
from tests.faults.scene import Scene
from tests.faults.three_brokers import kill_leader

KAFKA = "kafka"
AWAY_S = 30.0
HANGS_S = 10.0


def kill_kafka(scene: Scene) -> Done:
    """Kill it while it is written to."""
    return kill(victim(scene, KAFKA))


def take_kafka_away(scene: Scene) -> Done:
    """Have it away for longer than any batch waits."""
    return take_away(scene, KAFKA, AWAY_S)


def hang_kafka(scene: Scene) -> Done:
    """Have it hang, and append late what its senders have given up."""
    return hang(victim(scene, KAFKA), HANGS_S)


FAULTS = (
    Fault("kafka", "kill -9", kill_kafka, is_main=True),
    Fault("kafka", f"away {AWAY_S:.0f} s", take_kafka_away),
    Fault("kafka", f"SIGSTOP {HANGS_S:.0f} s, late appends", hang_kafka),
    Fault("kafka", "no space for its log", fill_log_volume, setting="small disk"),
    Fault(
        "kafka", "kill -9 of a leader of three", kill_leader, setting="three brokers"
    ),
)
