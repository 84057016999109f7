import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from prometheus_client import REGISTRY

from stream.reject import Reason
from stream.restarting import NotStarted, Restarting

REPORT = dict.fromkeys(Reason, 0)


class FakeQuery:
    """Runs until the test ends it."""

    def __init__(self, *reports: Mapping[str, Any]) -> None:
        self.isActive = True
        self.status = {"isTriggerActive": False}
        self.recentProgress: Sequence[Mapping[str, Any]] = list(reports)
        self.stopped = 0

    def exception(self) -> Exception | None:
        return None if self.isActive else RuntimeError("broken\n=== a plan ===")

    def stop(self) -> None:
        self.stopped += 1


class Clock:
    """Stands still unless told to go on."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def report(batch: int, **found: int) -> Mapping[str, Any]:
    return {"batchId": batch, "observedMetrics": {"reasons": REPORT | found}}


def starter(*queries: FakeQuery | None) -> Callable[[], FakeQuery]:
    """Hand out these one after another; None is a refusal."""
    left = list(queries)

    def start() -> FakeQuery:
        query = left.pop(0)
        if query is None:
            raise NotStarted("no room on disk")
        return query

    return start


def look(restarting: Restarting, clock: Clock, *, seconds: int) -> None:
    for _ in range(seconds):
        restarting.look()
        clock.now_s += 1


def total(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"stream_rejects_{name}total", labels) or 0


def test_what_is_found_is_counted_once_and_by_reason() -> None:
    clock, query = Clock(), FakeQuery(report(0, bad_json=2), report(1, no_room=1))
    restarting = Restarting(starter(query), clock)
    before = {reason: total("", reason=reason) for reason in Reason}

    look(restarting, clock, seconds=2)
    query.recentProgress = [
        report(1, no_room=1),
        {"batchId": 2, "observedMetrics": {}},  # nothing was there to be read
        report(2, bad_json=1),
    ]
    look(restarting, clock, seconds=2)

    now = {reason: total("", reason=reason) for reason in Reason}
    grown = {reason: now[reason] - before[reason] for reason in Reason}
    assert {reason: n for reason, n in grown.items() if n} == {
        Reason.BAD_JSON: 3,
        Reason.NO_ROOM: 1,
    }


def test_a_query_that_ended_is_started_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock, first, second = Clock(), FakeQuery(), FakeQuery(report(0))
    restarting = Restarting(starter(first, second), clock)
    failures = total("failures_")
    look(restarting, clock, seconds=1)

    first.isActive = False
    with caplog.at_level(logging.ERROR):
        look(restarting, clock, seconds=1)
    restarting.stop()
    assert second.stopped == 0  # it waits a second
    look(restarting, clock, seconds=1)
    restarting.stop()

    assert second.stopped == 1
    assert total("failures_") == failures + 1
    assert [record.getMessage() for record in caplog.records] == [
        "rejects are not looked for reason='broken' again_in_s=1"
    ]


def test_it_is_away_from_a_failure_until_it_runs_again() -> None:
    clock, first, second = Clock(), FakeQuery(), FakeQuery()
    restarting = Restarting(starter(first, None, second), clock)
    seen = []
    for _ in range(5):
        look(restarting, clock, seconds=1)
        seen.append(REGISTRY.get_sample_value("stream_rejects_away"))
        first.isActive = False

    assert seen == [0, 1, 1, 1, 0]


def test_the_wait_doubles_to_a_minute_and_is_short_again_after_a_trigger(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock, query = Clock(), FakeQuery(report(0))
    restarting = Restarting(starter(*[None] * 8, query, None), clock)

    look(restarting, clock, seconds=1 + 2 + 4 + 8 + 16 + 32 + 60 + 60 + 1)
    query.isActive = False
    look(restarting, clock, seconds=1)

    waits = [record.getMessage().split("=")[-1] for record in caplog.records]
    assert waits == ["1", "2", "4", "8", "16", "32", "60", "60", "1"]


def test_a_query_is_ended_between_two_triggers() -> None:
    clock, query = Clock(), FakeQuery(report(0))
    restarting = Restarting(starter(query), clock)
    look(restarting, clock, seconds=1)

    class Status(dict[str, bool]):
        """Says for a while that a trigger runs."""

        asked = 0

        def __getitem__(self, name: str) -> bool:
            self.asked += 1
            assert not query.stopped
            return self.asked < 3

    query.status = Status()
    restarting.stop()

    assert query.stopped == 1


def test_a_trigger_that_takes_long_does_not_hold_up_the_end() -> None:
    query, seconds = FakeQuery(), iter(range(100))
    restarting = Restarting(lambda: query, lambda: next(seconds))
    restarting.look()
    query.status = {"isTriggerActive": True}

    restarting.stop()

    assert query.stopped == 0


def test_what_never_started_can_be_stopped() -> None:
    Restarting(starter(), Clock()).stop()
