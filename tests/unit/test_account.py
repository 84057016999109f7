import json
import threading
from collections.abc import Callable
from typing import Any

from confluent_kafka import KafkaError, Message

from ingest.account import Account, Line
from ingest.refusal import Rejection
from ingest.teller import SILENT_MAX_S, Teller

OnDelivery = Callable[[KafkaError | None, Message], None]


class Kafka:
    """Stores words, or does not, or hangs; `late` ones get no report at all."""

    def __init__(self) -> None:
        self.words: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.problem: KafkaError | BufferError | None = None
        self.is_late = False
        self.asked, self.answers = threading.Event(), threading.Event()
        self.answers.set()
        self._reports: list[tuple[OnDelivery, KafkaError | None]] = []

    def produce(
        self, topic: str, value: bytes, key: str, *, on_delivery: OnDelivery
    ) -> None:
        assert topic == "intake"
        if isinstance(self.problem, BufferError):
            raise self.problem
        if self.problem is None:
            self.words.append(json.loads(value))
            self.keys.add(key)
        if not self.is_late:
            self._reports.append((on_delivery, self.problem))

    def flush(self, timeout: float) -> int:
        del timeout
        self.asked.set()
        self.answers.wait(10)  # a test that waits for it fails
        while self._reports:
            report, problem = self._reports.pop()
            report(problem, Message())
        return 0


class Clock:
    """A clock that goes forward when told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Stage:
    """A worker's account, and who tells it."""

    def __init__(self, every_s: float = 3600) -> None:
        self.account, self.kafka, self.clock = Account(), Kafka(), Clock()
        self.teller = Teller(
            self.account, self.kafka, "intake", every_s=every_s, clock=self.clock
        )

    def posted(self, room: str = "final", reactions: int = 1) -> None:
        self.account.read(room, reactions)
        self.account.stored(room, reactions, ())

    @property
    def seqs(self) -> list[int]:
        return [word["seq"] for word in self.kafka.words]

    def accepted(self, room: str = "final") -> int:
        """Return what a reader adds up: a number that it has it passes over."""
        words = {word["seq"]: word for word in self.kafka.words}
        return sum(
            word["rooms"].get(room, {"accepted": 0})["accepted"]
            for word in words.values()
        )


def broken() -> KafkaError:
    return KafkaError(KafkaError._MSG_TIMED_OUT)  # noqa: SLF001 - its public name


def test_a_word_has_what_was_done_since_the_word_before() -> None:
    stage = Stage()
    stage.posted(reactions=3)
    stage.account.refused("lobby", "bad_json")
    stage.teller.tell()
    stage.posted(reactions=2)
    stage.teller.tell()

    first, second = stage.kafka.words
    assert first == {
        "v": 1,
        "worker": first["worker"],
        "seq": 0,
        "closed": False,
        "rooms": {
            "final": {
                "posts": 1,
                "received": 3,
                "accepted": 3,
                "unknown": 0,
                "rejected": {},
                "refused": {},
            },
            "lobby": {
                "posts": 1,
                "received": 0,
                "accepted": 0,
                "unknown": 0,
                "rejected": {},
                "refused": {"bad_json": 1},
            },
        },
    }
    assert second["seq"] == 1
    assert second["rooms"]["final"]["accepted"] == 2
    assert stage.kafka.keys == {first["worker"]}
    assert len(bytes.fromhex(first["worker"])) == 8


def test_no_two_workers_have_the_same_name() -> None:
    one, other = Stage(), Stage()
    one.teller.tell()
    other.teller.tell()

    assert one.kafka.keys.isdisjoint(other.kafka.keys)


def test_who_does_nothing_says_now_and_then_that_it_is_there() -> None:
    stage = Stage()
    stage.teller.tell()
    stage.teller.tell()
    stage.clock.now_s += SILENT_MAX_S
    stage.teller.tell()

    assert [word["rooms"] for word in stage.kafka.words] == [{}, {}]


def test_what_kafka_did_not_take_is_said_under_its_number_until_it_does() -> None:
    stage = Stage()
    stage.posted()
    stage.kafka.problem = broken()
    stage.teller.tell()
    stage.kafka.problem = BufferError("queue full")
    stage.posted()
    stage.teller.tell()
    stage.kafka.problem = None
    stage.teller.tell()
    stage.teller.tell()

    assert stage.seqs == [0, 1]
    assert stage.accepted() == 2


def test_a_word_that_kafka_may_have_is_said_again_as_it_was() -> None:
    stage = Stage()
    stage.posted()
    stage.kafka.is_late = True
    stage.teller.tell()
    stage.kafka.is_late = False
    stage.posted()
    stage.teller.tell()
    stage.teller.tell()

    assert stage.seqs == [0, 0, 1]
    assert stage.kafka.words[0] == stage.kafka.words[1]
    assert stage.accepted() == 2


def test_a_worker_that_ends_says_what_is_left_and_that_it_was_the_last() -> None:
    stage = Stage()
    stage.teller.start()
    stage.posted()
    stage.kafka.problem = broken()
    stage.teller.tell()
    stage.posted()
    stage.kafka.problem = None
    stage.teller.close()

    assert [word["closed"] for word in stage.kafka.words] == [False, True]
    assert stage.accepted() == 2


def test_a_worker_that_ends_does_not_wait_for_a_kafka_that_hangs() -> None:
    stage = Stage(every_s=0)
    stage.kafka.answers.clear()
    stage.teller.start()
    stage.kafka.asked.wait()
    stage.teller.close()
    words = [*stage.kafka.words]
    stage.kafka.answers.set()

    assert [word["closed"] for word in words] == [False]


def test_a_worker_that_did_nothing_takes_leave_all_the_same() -> None:
    stage = Stage()
    stage.teller.start()
    stage.teller.close()

    assert [word["closed"] for word in stage.kafka.words] == [True]


def test_many_rooms_are_said_in_several_words_of_a_size_that_kafka_takes() -> None:
    stage = Stage()
    rooms = [f"r{number}" for number in range(2500)]
    for room in rooms:
        stage.posted(room)
    stage.teller.start()
    stage.teller.close()

    words = stage.kafka.words
    assert [len(word["rooms"]) for word in words] == [1000, 1000, 500]
    assert [word["closed"] for word in words] == [False, False, True]
    assert {room for word in words for room in word["rooms"]} == {*rooms}


def test_more_rooms_than_are_told_apart_are_said_together() -> None:
    account = Account(rooms_max=2)
    for room in ("a", "b", "c", "d", "a"):
        account.read(room, 1)

    assert account.take() == {
        "a": Line(received=2),
        "b": Line(received=1),
        "-": Line(received=2),
    }


def test_an_account_that_was_taken_begins_anew() -> None:
    account = Account()
    account.refused("a", "nothing_acceptable", [Rejection(0, "bad_emoji")])
    before = account.take()

    assert before["a"].rejected == {"bad_emoji": 1}
    assert account.take() == {}
