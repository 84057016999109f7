"""When a demo has some taps come first."""

import pytest

from clients.crowd.plan import Plan
from compose.demo.rehearsal import (
    HEAVY_PER_S,
    WARM_AFTER_S,
    complaints,
    rehearsal,
)
from compose.supervision.rpc import ProcessInfo, State
from tests.unit.test_demo_shown import result

NOW_S = 10_000.0
PLAN = Plan(url="http://127.0.0.1:1", room="demo-1", clients=200, rate=1000)


def stream(age_s: float) -> dict[str, ProcessInfo]:
    started_at = round(NOW_S - age_s)
    info = ProcessInfo("stream", "stream", State.RUNNING, 7, started_at, 0)
    return {"stream": info}


def test_a_stream_that_was_just_started_is_warmed_up_in_another_room() -> None:
    first = rehearsal(PLAN, stream(5), NOW_S)

    assert first is not None
    assert first.room != PLAN.room
    assert first.url == PLAN.url
    assert first.clients * first.rate >= HEAVY_PER_S


def test_few_clients_warm_it_up_as_well() -> None:
    first = rehearsal(
        Plan(url=PLAN.url, room="demo-1", clients=10, rate=2000), stream(5), NOW_S
    )

    assert first is not None
    assert first.clients * first.rate >= HEAVY_PER_S


@pytest.mark.parametrize("processes", [stream(WARM_AFTER_S + 1), {}])
def test_a_stream_that_is_warm_or_elsewhere_is_left_alone(
    processes: dict[str, ProcessInfo],
) -> None:
    assert rehearsal(PLAN, processes, NOW_S) is None


def test_a_small_demo_begins_at_once() -> None:
    small = Plan(url=PLAN.url, room="demo-1", clients=20, rate=50)

    assert rehearsal(small, stream(5), NOW_S) is None


def test_what_goes_wrong_in_the_first_taps_is_said() -> None:
    (words,) = complaints(result({"total": 99}).report)

    assert "1 reactions were accepted and are not counted" in words
