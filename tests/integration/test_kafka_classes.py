import psutil

from stream.class_sharing import CLASSES
from tests.integration.kafka_server import JARS_DIR, KafkaServer


def test_a_node_reads_its_classes_from_what_set_up_has_noted(
    kafka: KafkaServer,
) -> None:
    maps = psutil.Process(kafka.pid).memory_maps()

    assert str(JARS_DIR / CLASSES) in {one.path for one in maps}
