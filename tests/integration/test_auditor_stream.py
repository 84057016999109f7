"""The auditor beside the real stream, while that is killed and starts new epochs."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.auditor_process import AuditorProcess, Writer, now_ms
from tests.integration.kafka_server import KafkaServer
from tests.integration.processes import wait_until
from tests.integration.stream_process import FRAME_WITHIN_S, StreamProcess


@pytest.fixture
def stream(kafka: KafkaServer, tmp_path: Path) -> Iterator[StreamProcess]:
    process = StreamProcess(kafka, tmp_path)
    try:
        yield process
    except BaseException:
        print(process.log())
        raise
    finally:
        process.kill()


@pytest.fixture
def auditor(
    kafka: KafkaServer, stream: StreamProcess, tmp_path: Path
) -> Iterator[AuditorProcess]:
    assert stream.folder == tmp_path
    process = AuditorProcess(kafka, tmp_path)
    kafka.create(process.topics[2])  # the others are the stream's
    try:
        process.start()
        yield process
    except BaseException:
        print(process.log())
        raise
    finally:
        process.kill()


def post(writer: Writer, batches: int) -> None:
    """Post batches to two rooms, every third of them twice."""
    for _ in range(batches):
        room, batch = random.choice(["a", "b"]), f"b{random.random()}"
        reactions = random.randint(1, 50)
        for _ in range(random.choice([1, 1, 2])):
            writer.post(room, reactions, batch)


def differences(auditor: AuditorProcess) -> dict[str, int]:
    return {room: auditor.room(room)["sum"]["difference"] for room in ("a", "b")}


def wait_for_zero(auditor: AuditorProcess) -> None:
    auditor.wait_for(now_ms())
    wait_until(
        lambda: set(differences(auditor).values()) == {0},
        within_s=FRAME_WITHIN_S,
        what="a difference of nothing",
    )


@pytest.mark.long
def test_whatever_ends_the_stream_the_difference_is_nothing_in_the_end(
    kafka: KafkaServer, stream: StreamProcess, auditor: AuditorProcess
) -> None:
    writer = Writer(kafka, auditor, plays_stream=False)
    post(writer, 40)
    stream.start()
    wait_for_zero(auditor)

    stream.kill()
    post(writer, 40)
    stream.start()
    stream.kill_between_frames_and_commit()  # its replay may count other copies
    stream.start()
    wait_for_zero(auditor)

    post(writer, 20)
    stream.kill()
    shutil.rmtree(stream.checkpoint)  # a new epoch, cut where the old one ended
    post(writer, 20)
    stream.start()
    wait_for_zero(auditor)

    for room in ("a", "b"):
        found = auditor.room(room)
        assert found["total"] == found["sum"]["counted"]
        assert found["sum"]["repeated"] > 0
        assert not found["is_wrong"]
