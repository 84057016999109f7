"""`python -m compose.kafka_classes FOLDER`: note which classes a start of Kafka loads.

See `stream.class_sharing`: half of the time until it answers. The file lies beside
Kafka's own jars.
"""

import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from confluent_kafka import Consumer, Producer

from compose import kafka, topics
from compose.probes import kafka_answers
from compose.processes import StepFailed
from ingest.topics import Topic
from mosquitto.config import LOOPBACK
from stream.class_sharing import CLASSES

_CLUSTER_ID = "noting-classes-0000000"
_TOPIC = Topic("noted", partitions=1, config={})
_HEAP_MB = 256
_WITHIN_S = 60.0


def main(folder: Path) -> None:
    """Start a node of nobody, use it as ours is used, and end it.

    Args:
        folder: Of Kafka's jars; the file of an earlier call there is replaced.

    Raises:
        StepFailed: If Kafka does not start, or does not answer.
        FileNotFoundError: If Java wrote no file.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix=".classes-") as name:
        place = Path(name)
        noted = place / CLASSES
        port, controller_port = _free_ports()
        properties, log4j2 = place / "server.properties", place / "log4j2.properties"
        properties.write_text(
            kafka.server_properties(
                port=port, controller_port=controller_port, data_dir=place / "data"
            )
        )
        log4j2.write_text(kafka.LOG4J2_PROPERTIES)
        subprocess.run(
            kafka.format_command(folder, properties, _CLUSTER_ID), check=True
        )
        start = kafka.start_command(
            folder, properties, log4j2, heap_mb=_HEAP_MB, note_classes_to=noted
        )
        with subprocess.Popen(start) as node:
            try:
                _use(f"{LOOPBACK}:{port}", node)
            finally:
                node.terminate()  # Java writes the file then
        noted.replace(folder / CLASSES)


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind((LOOPBACK, 0))
        other.bind((LOOPBACK, 0))
        return one.getsockname()[1], other.getsockname()[1]


def _use(servers: str, node: subprocess.Popen[bytes]) -> None:
    """Write in a transaction and read in a group, as soon as it answers."""
    until_s = time.monotonic() + _WITHIN_S
    while not kafka_answers(servers):
        if node.poll() is not None or time.monotonic() > until_s:
            raise StepFailed("Kafka did not answer")
    topics.ensure(servers, [_TOPIC], print)
    producer = Producer({"bootstrap.servers": servers, "transactional.id": "noted"})
    producer.init_transactions()
    producer.begin_transaction()
    producer.produce(_TOPIC.name, b"one")
    producer.commit_transaction()
    consumer = Consumer(
        {"bootstrap.servers": servers, "group.id": "noted"}
        | {"auto.offset.reset": "earliest"}
    )
    consumer.subscribe([_TOPIC.name])
    if consumer.poll(_WITHIN_S) is None:
        raise StepFailed("Kafka did not give what it was given")
    consumer.commit(asynchronous=False)
    consumer.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
