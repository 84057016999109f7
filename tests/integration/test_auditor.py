"""The auditor between a real Kafka and a real broker, killed and started again."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from stream.auditor.intake import SILENT_AFTER_MS
from tests.integration.auditor_process import (
    MINUTE_MS,
    SOON_S,
    WINDOW_MS,
    AuditorProcess,
    Writer,
    now_ms,
)
from tests.integration.kafka_server import KafkaServer
from tests.integration.processes import wait_until

KILLS = 12


@pytest.fixture
def auditor(kafka: KafkaServer, tmp_path: Path) -> Iterator[AuditorProcess]:
    process = AuditorProcess(kafka, tmp_path)
    process.create_topics()
    try:
        yield process
    except BaseException:
        print(process.log())
        raise
    finally:
        process.kill()


@pytest.fixture
def writer(kafka: KafkaServer, auditor: AuditorProcess) -> Writer:
    return Writer(kafka, auditor)


def test_killed_at_any_moment_its_books_are_right(
    auditor: AuditorProcess, writer: Writer
) -> None:
    done, repeated = threading.Event(), Counter[str]()

    def write() -> None:
        seq = 0
        while not done.is_set():
            room, batch = random.choice(["a", "b", "c"]), f"b{random.random()}"
            reactions = random.randint(1, 50)
            writer.post(room, reactions, batch)
            if random.random() < 0.2:
                writer.post(room, reactions, batch)
                repeated[room] += reactions
            if random.random() < 0.3:
                writer.trigger(runs=random.choice([1, 1, 2]))
            if random.random() < 0.2:
                writer.say(seq, {room: {"posts": 1, "received": 2}})
                seq += 1
        writer.trigger()

    thread = threading.Thread(target=write)
    thread.start()
    for _ in range(KILLS):
        auditor.start()
        # From before its first connection to well into its transactions.
        done.wait(random.uniform(0.3, 4))
        auditor.kill()
    done.set()
    thread.join()
    end_ms = now_ms()
    auditor.start()
    auditor.wait_until_ready()
    auditor.wait_for(end_ms)

    for room in ("a", "b", "c"):
        found = auditor.room(room)
        stored = {line["minute_ms"]: line["stored"] for line in found["minutes"]}
        assert stored == {ms: n for (of, ms), n in writer.stored.items() if of == room}
        counted = sum(n for (of, _), n in writer.counted.items() if of == room)
        assert found["sum"]["counted"] == found["total"] == counted
        assert found["sum"]["repeated"] == repeated[room]
        assert found["sum"]["difference"] == 0


def test_a_wrong_header_is_found(auditor: AuditorProcess, writer: Writer) -> None:
    auditor.start()
    moment_ms = writer.post("final", 5, "b1", header={"🔥": 7})
    writer.frames({("final", moment_ms - moment_ms % WINDOW_MS): 7}, seq=0)
    auditor.wait_for(now_ms())

    (line,) = auditor.room("final")["minutes"]

    assert (line["stored"], line["counted"], line["difference"]) == (5, 7, -2)


def test_each_mistake_of_a_stream_shows_as_what_it_is(
    auditor: AuditorProcess, writer: Writer
) -> None:
    auditor.start()
    moments = {
        room: writer.post(room, 5, "b1") for room in ("drops", "twice", "skips", "well")
    }
    window_of = {room: ms - ms % WINDOW_MS for room, ms in moments.items()}
    shown = {"drops": 4, "twice": 10, "well": 5}
    writer.frames({(room, window_of[room]): n for room, n in shown.items()}, seq=0)
    auditor.wait_for(now_ms())

    found = {room: auditor.room(room)["sum"]["difference"] for room in moments}

    assert found == {"drops": 1, "twice": -5, "skips": 5, "well": 0}


def test_what_a_new_epoch_counts_again_counts_once(
    auditor: AuditorProcess, writer: Writer
) -> None:
    auditor.start()
    first_ms = writer.post("final", 5, "b1")
    second_ms = writer.post("final", 3, "b2")
    window_ms = first_ms - first_ms % WINDOW_MS
    writer.frames({("final", window_ms): 5}, seq=6)
    writer.frames({("final", window_ms): 8}, seq=7)
    auditor.wait_for(now_ms())
    auditor.kill()
    writer.frames({("final", second_ms - second_ms % WINDOW_MS): 3}, seq=0, epoch="e2")
    auditor.start()
    auditor.wait_for(now_ms())

    assert auditor.room("final")["sum"]["difference"] == 0


def test_topics_made_anew_get_new_books(
    auditor: AuditorProcess, writer: Writer, tmp_path: Path
) -> None:
    auditor.start()
    writer.post("final", 5, "b1")
    auditor.wait_for(now_ms())
    auditor.stop()
    auditor.remake(auditor.topics[0])
    auditor.start()
    auditor.wait_until_ready()

    found = auditor.get("/ledger")

    assert found["rooms"] == []
    assert found["since_ms"] > now_ms() - MINUTE_MS
    aside = [*(tmp_path / "data" / "auditor").glob("books.*.sqlite")]
    assert len(aside) == 1


def test_while_kafka_is_away_it_waits_and_then_goes_on(
    kafka: KafkaServer, auditor: AuditorProcess, writer: Writer
) -> None:
    auditor.start()
    writer.post("final", 5, "b1")
    writer.say(0, {"final": {"posts": 1}})
    auditor.wait_for(now_ms())
    pid, silent_ms = auditor.pid, now_ms() + SILENT_AFTER_MS
    with kafka.gone():
        wait_until(
            lambda: "auditor_kafka_up 0.0" in auditor.metrics(),
            within_s=SOON_S,
            what="the loss of Kafka",
        )
        wait_until(lambda: now_ms() > silent_ms, within_s=SOON_S, what="a silence")
        assert auditor.room("final")["sum"]["stored"] == 5
    auditor.wait_for(now_ms())  # it knows of the silence
    writer.post("final", 3, "b2")
    writer.say(1, {"final": {"posts": 1}})
    auditor.wait_for(now_ms())

    found = auditor.room("final")
    assert (found["sum"]["stored"], found["sum"]["posts"]) == (8, 2)
    assert all(line["is_exact"] for line in [found["sum"], *found["minutes"]])
    auditor.assert_running()
    assert auditor.pid == pid


def test_of_two_auditors_the_second_ends(
    auditor: AuditorProcess, kafka: KafkaServer, tmp_path: Path
) -> None:
    auditor.start()
    auditor.wait_until_ready()
    second = AuditorProcess(kafka, tmp_path)

    second.start()

    try:
        assert second.wait() == 1
    finally:
        second.kill()
    assert "cannot keep books" in second.log()
    auditor.assert_running()


def test_what_kafka_removed_unread_is_said_and_the_books_begin_anew(
    auditor: AuditorProcess, writer: Writer
) -> None:
    auditor.start()
    writer.post("final", 5, "b1")
    auditor.wait_for(now_ms())
    auditor.kill()
    for number in range(4):
        writer.post("final", 1, f"unread{number}")
    auditor.empty(auditor.reactions)
    auditor.start()
    auditor.wait_until_ready()

    found = auditor.get("/ledger")

    assert sum(gap["next"] - gap["first"] for gap in found["gaps"]) == 4
    assert found["since_ms"] > now_ms()
    assert found["rooms"] == []
