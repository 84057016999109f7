"""`emostream rejects`, over a topic in a real Kafka."""

import json
import os
import signal
import subprocess
import sys

import pytest
from confluent_kafka import Producer
from typer.testing import CliRunner, Result

import stream.topics
from compose.__main__ import app
from tests.integration.kafka_server import KafkaServer
from tests.integration.processes import LOOPBACK, free_port

EXIT_INTERRUPTED = 130


class Rejects:
    """A topic of a test's own, and the command that shows what is in it."""

    def __init__(self, kafka: KafkaServer, prefix: str) -> None:
        self._topic = stream.topics.rejects(prefix)
        kafka.create(self._topic)
        self._producer = Producer({"bootstrap.servers": kafka.servers})
        self._environment = {
            "EMOSTREAM_KAFKA_SERVERS": kafka.servers,
            "EMOSTREAM_KAFKA_TOPIC_PREFIX": prefix,
        }

    def add(self, offset: int) -> None:
        self.write(
            reason="bad_json",
            topic="reactions",
            partition="1",
            offset=str(offset),
            appended_ms="1795226379412",
            counted="0",
        )

    def write(self, **headers: str) -> None:
        pairs: list[tuple[str, str | bytes | None]] = [*headers.items()]
        self._producer.produce(self._topic.name, b"\x1b[2J", b"final", headers=pairs)
        assert self._producer.flush(30) == 0

    def show(self, *arguments: str, **environment: str) -> Result:
        own = self._environment | environment
        return CliRunner().invoke(app, ["rejects", *arguments], env=own)

    def follow(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "compose", "rejects", "--follow"],
            env=os.environ | self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def rejects(kafka: KafkaServer, request: pytest.FixtureRequest) -> Rejects:
    return Rejects(kafka, f"{request.node.name[:40]}.")


def test_that_nothing_was_rejected_is_said(rejects: Rejects) -> None:
    assert rejects.show().output == "Nothing was rejected.\n"
    assert rejects.show("--json").output == ""


def test_the_newest_rejects_are_shown_oldest_first(rejects: Rejects) -> None:
    for offset in range(5):
        rejects.add(offset)

    shown, as_json = rejects.show("-n", "2"), rejects.show("--json")

    assert shown.exit_code == 0
    assert [line.split()[1:5] for line in shown.stdout.splitlines()] == [
        ["room='final'", "reason=bad_json", f"at=1/{offset}", "counted=0"]
        for offset in (3, 4)
    ]
    offsets = [json.loads(line)["offset"] for line in as_json.stdout.splitlines()]
    assert offsets == [0, 1, 2, 3, 4]


def test_what_the_stream_did_not_write_is_named_and_passed_over(
    rejects: Rejects,
) -> None:
    rejects.write(reason="\x1b]0;owned\x07")
    rejects.add(7)

    shown = rejects.show()

    assert shown.exit_code == 0
    assert "at=1/7" in shown.stdout
    assert shown.stderr.startswith("unreadable record at=0/0")
    assert shown.stderr.rstrip("\n").isprintable()


def test_following_shows_what_comes_and_ends_quietly(rejects: Rejects) -> None:
    rejects.add(1)
    process = rejects.follow()
    assert process.stdout
    assert "at=1/1 " in process.stdout.readline()
    rejects.add(2)
    assert "at=1/2 " in process.stdout.readline()

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert (process.returncode, out, err) == (EXIT_INTERRUPTED, "", "")


def test_following_ends_when_nobody_reads(rejects: Rejects) -> None:
    rejects.add(1)
    process = rejects.follow()
    assert process.stdout
    process.stdout.readline()

    process.stdout.close()

    assert process.wait(30) == 0
    assert process.stderr
    assert process.stderr.read() == ""
    process.stderr.close()


def test_a_kafka_that_is_away_is_told_in_a_sentence(rejects: Rejects) -> None:
    nobody = f"{LOOPBACK}:{free_port()}"

    shown = rejects.show(EMOSTREAM_KAFKA_SERVERS=nobody)

    assert (shown.exit_code, shown.stdout) == (1, "")
    assert shown.stderr.startswith(f"Kafka at {nobody} does not answer")
    assert len(shown.stderr.splitlines()) == 1


def test_a_topic_that_was_never_made_is_told_in_a_sentence(rejects: Rejects) -> None:
    shown = rejects.show(EMOSTREAM_KAFKA_TOPIC_PREFIX="never-made.")

    assert (shown.exit_code, shown.stdout) == (1, "")
    assert "has no topic never-made.rejects" in shown.stderr
    assert len(shown.stderr.splitlines()) == 1
