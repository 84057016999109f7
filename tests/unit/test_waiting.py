import pytest

from compose.web.waiting import Phase, Waiting

WITHIN_S = {Phase.IDLE: 15.0, Phase.HEAD: 5.0, Phase.BODY: 10.0, Phase.LEAVING: 2.0}


class Clock:
    """Shows the time that it was set to."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def waiting(clock: Clock) -> Waiting[str]:
    return Waiting(WITHIN_S, clock)


@pytest.mark.parametrize("phase", Phase)
def test_who_waits_is_late_after_the_time_of_the_phase(
    clock: Clock, waiting: Waiting[str], phase: Phase
) -> None:
    waiting.put("a", phase)
    clock.now_s += WITHIN_S[phase] - 0.1
    early = waiting.late()
    clock.now_s += 0.1

    assert list(early) == []
    assert list(waiting.late()) == [("a", phase)]


def test_all_who_are_late_are_found_and_no_others(
    clock: Clock, waiting: Waiting[str]
) -> None:
    for name in "abc":
        waiting.put(name, Phase.HEAD)
        clock.now_s += 1
    waiting.put("d", Phase.LEAVING)
    clock.now_s = 106.5

    assert set(waiting.late()) == {
        ("a", Phase.HEAD),
        ("b", Phase.HEAD),
        ("d", Phase.LEAVING),
    }


def test_who_is_not_waiting_any_more_is_not_late(
    clock: Clock, waiting: Waiting[str]
) -> None:
    waiting.put("a", Phase.HEAD)
    waiting.take("a", Phase.HEAD)
    clock.now_s += 100

    assert list(waiting.late()) == []


def test_the_oldest_is_taken_from_the_first_phase_that_has_any(
    waiting: Waiting[str],
) -> None:
    waiting.put("idle", Phase.IDLE)
    waiting.put("first", Phase.HEAD)
    waiting.put("second", Phase.HEAD)

    assert waiting.oldest(Phase.LEAVING, Phase.HEAD, Phase.IDLE) == "first"
    assert waiting.oldest(Phase.BODY) is None


def test_the_fullest_phase_is_that_with_most_and_else_the_first(
    waiting: Waiting[str],
) -> None:
    waiting.put("a", Phase.IDLE)
    waiting.put("b", Phase.HEAD)
    assert waiting.fullest(Phase.BODY, Phase.HEAD, Phase.IDLE) is Phase.HEAD

    waiting.put("c", Phase.IDLE)
    assert waiting.fullest(Phase.BODY, Phase.HEAD, Phase.IDLE) is Phase.IDLE
    assert waiting.fullest(Phase.BODY, Phase.LEAVING) is Phase.BODY
