import pytest

from tests.load.progress import Progress


class Clock:
    def __init__(self) -> None:
        self.time_s = 100.0

    def __call__(self) -> float:
        return self.time_s


@pytest.fixture
def said() -> list[str]:
    return []


def test_each_step_says_how_long_it_has_been_and_how_long_is_left(
    said: list[str],
) -> None:
    clock = Clock()
    progress = Progress(300, said.append, clock)
    with progress.step("idle", 100):
        clock.time_s += 90
        progress.found("0.1 cores")
    with progress.step("singles", 200):
        pass

    assert said == [
        "[0:00, 5:00 left] idle",
        "    0.1 cores",
        "[1:30, 3:20 left] singles",
    ]


def test_a_step_that_fails_is_over_too(said: list[str]) -> None:
    progress = Progress(300, said.append, Clock())
    with pytest.raises(KeyError), progress.step("idle", 100):
        raise KeyError
    with progress.step("singles", 200):
        pass

    assert said[-1] == "[0:00, 3:20 left] singles"
