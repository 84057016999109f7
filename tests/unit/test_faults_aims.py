"""A kill that is aimed: when it falls, and what counts as a hit."""

from collections.abc import Iterable

import pytest

from tests.faults.aims import STEPS, TRIES, Moment, Shot, shoot

BEFORE, INSIDE, AFTER = Moment.BEFORE, Moment.INSIDE, Moment.AFTER


class Prey:
    """Notes what is done to it; it stands still or goes on."""

    def __init__(self) -> None:
        self.suffered: list[str] = []
        self.stands_still = False

    def hold(self) -> None:
        self.stands_still = True
        self.suffered.append("held")

    def step(self, for_s: float) -> None:
        assert self.stands_still
        assert for_s > 0
        self.suffered.append("step")

    def let_go(self) -> None:
        self.stands_still = False
        self.suffered.append("let go")

    def kill(self) -> None:
        assert self.stands_still
        self.suffered.append("killed")


class Gap:
    """Comes again and again; each time it is seen as it was told to be."""

    def __init__(self, *times: Iterable[Moment]) -> None:
        self._times = iter(times)
        self._seen: list[Moment] = []
        self.awaited = 0

    def await_next(self) -> None:
        self.awaited += 1
        self._seen = [*next(self._times)]

    def look(self) -> Moment:
        return self._seen.pop(0)


class Gone(Gap):
    """One that nobody can look at any more."""

    def __init__(self, raised: type[BaseException]) -> None:
        super().__init__([])
        self._raised = raised

    def look(self) -> Moment:
        raise self._raised


def shot(gap: Gap, prey: Prey) -> Shot:
    return shoot(gap, prey, settled_after_s=0)


def until(end: str, suffered: list[str]) -> list[str]:
    return suffered[: suffered.index(end) + 1]


def test_who_stands_in_the_gap_is_killed_there() -> None:
    prey = Prey()

    done = shot(Gap([INSIDE, INSIDE]), prey)

    assert done.is_hit
    assert done.tries == 1
    assert done.note == ""
    assert done.began_s <= done.killed_s
    assert until("killed", prey.suffered) == ["held", "killed"]


def test_who_stands_before_it_goes_on_step_by_step() -> None:
    prey = Prey()

    done = shot(Gap([BEFORE, BEFORE, INSIDE, INSIDE]), prey)

    assert done.is_hit
    assert until("killed", prey.suffered) == ["held", "step", "step", "killed"]


def test_who_is_through_is_let_go_and_awaited_again() -> None:
    prey, gap = Prey(), Gap([BEFORE, AFTER], [INSIDE, INSIDE])

    done = shot(gap, prey)

    assert done.is_hit
    assert (done.tries, done.note) == (2, "try 2")
    assert until("killed", prey.suffered) == [
        *("held", "step", "let go"),
        *("held", "killed"),
    ]


@pytest.mark.parametrize("seen_last", [BEFORE, AFTER])
def test_what_is_seen_after_its_end_says_what_was_hit(seen_last: Moment) -> None:
    assert not shot(Gap([INSIDE, seen_last]), Prey()).is_hit


def test_who_never_comes_nearer_is_killed_all_the_same_and_missed() -> None:
    prey = Prey()

    done = shot(Gap([BEFORE] * (STEPS + 1)), prey)

    assert not done.is_hit
    assert prey.suffered.count("step") == STEPS
    assert "killed" in prey.suffered


def test_who_is_always_through_is_killed_at_the_last_try_and_missed() -> None:
    prey, gap = Prey(), Gap(*[[AFTER, AFTER]] * TRIES)

    done = shot(gap, prey)

    assert not done.is_hit
    assert gap.awaited == done.tries == TRIES
    assert prey.suffered.count("killed") == 1


@pytest.mark.parametrize("reason", [KeyboardInterrupt, TimeoutError])
def test_nobody_is_left_standing_still(reason: type[BaseException]) -> None:
    prey = Prey()

    with pytest.raises(reason):
        shot(Gone(reason), prey)

    assert not prey.stands_still
    assert "killed" not in prey.suffered
