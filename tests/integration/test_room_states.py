"""What hosts change: two real web processes over a real Kafka."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from confluent_kafka import Producer

from compose.credentials import Credentials
from ingest.host_link import Grant, HostLinks
from ingest.topics import Topic, reactions, states
from tests.hosting import entry
from tests.integration.kafka_server import KafkaServer
from tests.integration.processes import wait_until
from tests.integration.web_process import Web, running

SOON_S = 30
REFUSED_WITHIN_S = 2
"""What is promised."""

GOOD = {"user_id": "u", "emoji_type": "❤️", "timestamp": 1}


class Stage:
    """Topics of a test's own, and who posts to and changes rooms on them."""

    def __init__(self, kafka: KafkaServer, prefix: str, folder: Path) -> None:
        self.kafka, self.folder = kafka, folder
        self.topic: Topic = states(prefix)
        self._prefix = prefix
        kafka.create(reactions(prefix, partitions=1, retention_bytes=1 << 30))
        kafka.create(self.topic)

    def alive(self, name: str) -> AbstractContextManager[Web]:
        """Run a web process; it answers when this begins."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return running(
            folder, KAFKA_SERVERS=self.kafka.servers, KAFKA_TOPIC_PREFIX=self._prefix
        )

    @contextmanager
    def running(self, name: str) -> Iterator[Web]:
        """The same; it is ready when this begins."""
        with self.alive(name) as web:
            wait_until(
                lambda: web.status("/readyz") == 200, within_s=SOON_S, what="ready"
            )
            yield web

    def change(self, web: Web, name: str, **wish: object) -> httpx.Response:
        """Change the room, with a token of this process' installation."""
        links = HostLinks(Credentials.load(self.folder / name / "state").host)
        token = links.token(Grant("final", "Anna", int(time.time()) + 60))
        with web.client() as client:
            return client.put(
                "/v1/rooms/final/state",
                json={"open": True, "emoji": None, "muted": [], **wish},
                headers={"Authorization": f"Bearer {token}"},
                timeout=10,
            )

    def write(self, *values: bytes | None) -> None:
        """Write to the topic what no web process would."""
        producer = Producer({"bootstrap.servers": self.kafka.servers})
        for value in values:
            producer.produce(self.topic.name, value, key="final")
        assert producer.flush(SOON_S) == 0


def react(web: Web, emoji: str = "❤️") -> str:
    """Return the label of the answer, or its status if it is no refusal."""
    with web.client() as client:
        answer = client.post(
            "/v1/rooms/final/reactions", json={**GOOD, "emoji_type": emoji}, timeout=10
        )
    return str(answer.json().get("error", answer.status_code))


def wait_for(web: Web, answer: str, within_s: float = SOON_S) -> None:
    wait_until(lambda: react(web) == answer, within_s=within_s, what=answer)


@pytest.fixture
def stage(kafka: KafkaServer, request: pytest.FixtureRequest, tmp_path: Path) -> Stage:
    return Stage(kafka, f"{request.node.name[-60:]}.", tmp_path)


def test_what_a_host_closes_every_server_refuses_and_takes_again(stage: Stage) -> None:
    with stage.running("a") as a, stage.running("b") as b:
        before = [react(a), react(b)]
        closed = stage.change(a, "a", open=False)
        at_once = react(a)
        wait_for(b, "room_closed", REFUSED_WITHIN_S)
        opened = stage.change(b, "b")
        wait_for(a, "202", REFUSED_WITHIN_S)

    assert before == ["202", "202"]
    assert (closed.status_code, closed.json()["version"]) == (200, 1)
    assert at_once == "room_closed"
    assert opened.json()["version"] == 2


def test_a_server_that_starts_never_takes_what_a_room_does_not(stage: Stage) -> None:
    with stage.running("a") as a:
        stage.change(a, "a", muted=["😂"])
        stage.change(a, "a", open=False)
    with stage.running("b") as b:
        answer = react(b)

    assert answer == "room_closed"


def test_what_is_known_holds_while_kafka_is_away(stage: Stage) -> None:
    with stage.running("a") as a:
        stage.change(a, "a", open=False)
        with stage.kafka.gone():
            wait_until(
                lambda: stage.change(a, "a").json().get("error") == "not_stored",
                within_s=SOON_S,
                what="loss of Kafka",
            )
            answer = react(a)
        wait_until(
            lambda: stage.change(a, "a").status_code == 200,
            within_s=SOON_S,
            what="Kafka's return",
        )
        wait_for(a, "202")

    assert answer == "room_closed"


def test_a_room_that_nobody_has_changed_can_be_once_kafka_is_back(
    stage: Stage,
) -> None:
    """Of a log in which there is nothing, Kafka's return brings nothing to read."""
    with stage.running("a") as a:
        with stage.kafka.gone():
            wait_until(
                lambda: stage.change(a, "a").json().get("error") == "not_stored",
                within_s=SOON_S,
                what="loss of Kafka",
            )
        wait_until(
            lambda: stage.change(a, "a", open=False).status_code == 200,
            within_s=SOON_S,
            what="Kafka's return",
        )
        wait_for(a, "room_closed")


def test_a_server_that_starts_without_kafka_stores_nothing_until_it_has_read(
    stage: Stage,
) -> None:
    with stage.running("a") as a:
        stage.change(a, "a", open=False)
    seen = set()

    def is_refused(web: Web) -> bool:
        seen.add(react(web))
        return "room_closed" in seen

    with ExitStack() as ended:
        with stage.kafka.gone():
            b = ended.enter_context(stage.alive("b"))
            while_away = react(b)
        wait_until(lambda: is_refused(b), within_s=SOON_S, what="the room's state")

    assert while_away == "not_stored"
    assert seen <= {"not_stored", "unknown", "room_closed"}


def test_garbage_in_the_log_is_passed_over(stage: Stage) -> None:
    stage.write(entry(is_open=False), b"garbage", entry(muted=["❤️"]), b"{}")
    with stage.running("a") as a:
        answers = [react(a), react(a, "😂")]
        lines = a.log.read_text().count("passed over state")

    assert answers == ["nothing_acceptable", "202"]
    assert lines == 2


def test_of_two_who_change_a_room_at_once_the_same_one_stands_everywhere(
    stage: Stage,
) -> None:
    with (
        stage.running("a") as a,
        stage.running("b") as b,
        ThreadPoolExecutor() as hosts,
    ):
        first = hosts.submit(stage.change, a, "a", muted=["😂"])
        second = hosts.submit(stage.change, b, "b", muted=["🎉"])
        answers = [first.result(), second.result()]
        newest = max((one.json() for one in answers), key=lambda one: one["version"])
        wait_until(
            lambda: [state(a), state(b)] == [newest, newest],
            within_s=REFUSED_WITHIN_S,
            what="the later change",
        )

    assert [one.status_code for one in answers] == [200, 200]
    assert newest["version"] == 2


def state(web: Web) -> object:
    with web.client() as client:
        return client.get("/v1/rooms/final/state").json()
