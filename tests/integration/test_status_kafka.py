"""How far readers are behind, asked of a real Kafka; the readers do not exist."""

import json
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from compose import topics
from compose.settings import Settings
from compose.status import kafka as status_kafka
from compose.status.facts import KafkaFacts, Lag
from compose.topology import topic_list
from stream.epoch import Epoch, Shape
from tests.integration.kafka_server import KafkaServer
from tests.integration.processes import LOOPBACK, free_port, wait_until

PREFIX = "lag-"
REACTIONS, FRAMES = f"{PREFIX}reactions", f"{PREFIX}frames"
SOON_S = 30


@pytest.fixture
def settings(kafka: KafkaServer, tmp_path: Path) -> Settings:
    settings = Settings(
        state_dir=tmp_path, kafka_servers=kafka.servers, kafka_topic_prefix=PREFIX
    )
    topics.ensure(kafka.servers, topic_list(settings), lambda _: None)

    def is_seen() -> bool:
        facts = status_kafka.look(settings)
        return facts.problem is None and not facts.missing_topics

    wait_until(is_seen, within_s=SOON_S, what="the topics")
    return settings


def write(kafka: KafkaServer, topic: str, count: int, partition: int = 0) -> None:
    producer = Producer({"bootstrap.servers": kafka.servers, "log_level": 0})
    for _ in range(count):
        producer.produce(topic, b"x", partition=partition)
    assert producer.flush(30) == 0


def begin(settings: Settings) -> None:
    """Leave what a stream leaves that has begun and done nothing."""
    shape = Shape(REACTIONS, "id", 2000, 60, 2)
    start = {"0": 0, "1": 0}
    Epoch("2026-11-20T18:00:00.000Z", shape, None, start, []).write_beside(
        settings.stream_dir
    )


def count_up_to(settings: Settings, trigger: int, **ends: int) -> None:
    """Leave what Spark leaves once a trigger is done."""
    checkpoint = settings.stream_dir / "checkpoint"
    by_partition = {name.removeprefix("p"): end for name, end in ends.items()}
    for kind, text in (
        ("offsets", f"v1\n{{}}\n{json.dumps({REACTIONS: by_partition})}"),
        ("commits", "v1\n{}"),
    ):
        (checkpoint / kind).mkdir(parents=True, exist_ok=True)
        (checkpoint / kind / str(trigger)).write_text(text)


def stream_lag(settings: Settings) -> Lag:
    lag = status_kafka.look(settings).stream_lag
    assert lag is not None
    return lag


def test_the_stream_is_where_its_newest_completed_trigger_ended(
    kafka: KafkaServer, settings: Settings
) -> None:
    assert status_kafka.look(settings).stream_lag is None
    begin(settings)
    assert stream_lag(settings) == Lag(records=0, behind_s=0.0)

    write(kafka, REACTIONS, 3)
    write(kafka, REACTIONS, 2, partition=1)
    before = stream_lag(settings)
    count_up_to(settings, 0, p0=3, p1=1)
    between = stream_lag(settings)
    count_up_to(settings, 1, p0=3, p1=2)
    (settings.stream_dir / "checkpoint" / "offsets" / "2").write_text("planned")

    assert before.records == 5
    assert before.behind_s is not None
    assert before.behind_s > 0
    assert between.records == 1
    assert stream_lag(settings) == Lag(records=0, behind_s=0.0)


def test_reactions_that_were_deleted_unread_are_lost(
    kafka: KafkaServer, settings: Settings
) -> None:
    begin(settings)
    write(kafka, REACTIONS, 4, partition=1)
    admin = AdminClient({"bootstrap.servers": kafka.servers, "log_level": 0})
    for future in admin.delete_records([TopicPartition(REACTIONS, 1, 3)]).values():
        future.result(30)

    lag = stream_lag(settings)
    count_up_to(settings, 0, p0=1000, p1=1000)

    assert lag.lost_records == 3
    assert stream_lag(settings).lost_records == 0


def test_a_checkpoint_that_cannot_be_read_is_no_traceback(
    kafka: KafkaServer, settings: Settings
) -> None:
    del kafka
    begin(settings)
    count_up_to(settings, 0, p0=0)
    (settings.stream_dir / "checkpoint" / "offsets" / "0").write_bytes(b"\xff")

    facts = status_kafka.look(settings)

    assert facts.problem is None
    assert facts.stream_lag is None


def commit(kafka: KafkaServer, offset: int) -> None:
    config = {"bootstrap.servers": kafka.servers, "group.id": f"{PREFIX}bridge"}
    consumer = Consumer(config)
    consumer.commit(offsets=[TopicPartition(FRAMES, 0, offset)], asynchronous=False)
    consumer.close()


def bridge_lag(settings: Settings) -> Lag:
    lag = status_kafka.look(settings).bridge_lag
    assert lag is not None
    return lag


def test_the_bridge_is_where_it_has_committed_and_marks_are_no_frames(
    kafka: KafkaServer, settings: Settings
) -> None:
    assert bridge_lag(settings) == Lag(records=0, behind_s=0.0)
    producer = Producer(
        {
            "bootstrap.servers": kafka.servers,
            "transactional.id": "t",
            "log_level": 0,
        }
    )
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(FRAMES, b"frame", key="room", partition=0)
    producer.commit_transaction(30)
    # Kafka makes it readable a moment after it has promised to.
    wait_until(lambda: bridge_lag(settings).records > 0, within_s=SOON_S, what="a lag")

    nothing_read = bridge_lag(settings)
    commit(kafka, 1)  # the transaction's own mark comes after it

    assert nothing_read.behind_s is not None
    assert nothing_read.behind_s > 0
    assert bridge_lag(settings) == Lag(records=0, behind_s=0.0)


def test_topics_that_are_not_there_are_named(
    kafka: KafkaServer, settings: Settings
) -> None:
    elsewhere = settings.model_copy(update={"kafka_topic_prefix": "other-"})

    facts = status_kafka.look(elsewhere)

    assert facts.problem is None
    assert "other-rooms" in facts.missing_topics
    assert set(facts.missing_topics) == {one.name for one in topic_list(elsewhere)}
    assert kafka.servers == elsewhere.bootstrap_servers


def test_nobody_there_and_a_hung_kafka_are_told(
    kafka: KafkaServer, settings: Settings
) -> None:
    port = free_port()
    gone = settings.model_copy(update={"kafka_servers": f"{LOOPBACK}:{port}"})
    with kafka.hung():
        hung = status_kafka.look(settings)

    assert str(port) in (status_kafka.look(gone).problem or "")
    assert kafka.servers in (hung.problem or "")
    assert hung == KafkaFacts(problem=hung.problem)
