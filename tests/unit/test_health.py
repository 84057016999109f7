import threading

import pytest

from ingest.health import KEPT_S, Readiness
from ingest.refusal import Refused


class Probe:
    """Counts how often it is asked, and can be made to wait."""

    def __init__(self, problem: str | None = None) -> None:
        self.problem = problem
        self.asked = 0
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __call__(self) -> str | None:
        self.asked += 1
        assert self.may_answer.wait(10)
        return self.problem


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_the_reason_is_told() -> None:
    with pytest.raises(Refused) as caught:
        Readiness(Probe("Kafka does not answer")).check()

    assert caught.value.help == "Kafka does not answer."


def test_an_answer_is_good_for_a_moment() -> None:
    probe, clock = Probe(), Clock()
    readiness = Readiness(probe, clock)

    readiness.check()
    probe.problem = "gone"
    clock.now_s = KEPT_S - 0.01
    readiness.check()
    clock.now_s = KEPT_S
    with pytest.raises(Refused):
        readiness.check()

    assert probe.asked == 2


def test_many_at_once_ask_once() -> None:
    probe = Probe()
    probe.may_answer.clear()
    readiness = Readiness(probe, Clock())
    callers = [threading.Thread(target=readiness.check) for _ in range(10)]

    for caller in callers:
        caller.start()
    probe.may_answer.set()
    for caller in callers:
        caller.join()

    assert probe.asked == 1
