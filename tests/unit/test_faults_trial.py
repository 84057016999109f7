"""A trial with a fault that does nothing, among people who are not there."""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, cast

import msgspec

from tests.faults import trial
from tests.faults.book import Book
from tests.faults.campaign import Campaign
from tests.faults.fault import Done, Fault, Hit, NotPossible
from tests.faults.results import Trial
from tests.faults.scene import Scene
from tests.faults.settling import Theatre
from tests.faults.sight import Shown, Sight

ROOM = "final"


class FakeSenders:
    """Have sent one batch before the fault, and another after it."""

    rooms = (ROOM,)

    def __init__(self, *accepted: int) -> None:
        self._accepted = accepted
        self.done: list[str] = []

    def release(self) -> None:
        self.done.append("release")

    def hold(self) -> None:
        self.done.append("hold")

    def cut(self) -> None:
        self.done.append("cut")

    def may_be_stored(self, _until_s: float) -> Counter[str]:
        return Counter({ROOM: 0})

    def longest_silence_s(self, _since_s: float, _until_s: float) -> float:
        return 0.25

    def book(self) -> Book:
        return Book({ROOM: Counter({"❤️": sum(self._accepted)})}, {ROOM: Counter()})


class FakeViewers:
    """Are shown frames as they are told."""

    def __init__(self, *sights: Sight) -> None:
        self._sights = sights

    def first_above(self, _room: str, _total: int) -> float | None:
        return time.monotonic()

    def sights_of(self, _room: str) -> Sequence[Sight]:
        return self._sights

    def forget_times(self) -> None:
        pass

    def take_faults(self) -> list[str]:
        return [words for sight in self._sights for words in sight.faults]


def seen(*totals: int) -> Sight:
    sight = Sight("somebody")
    for seq, total in enumerate(totals):
        counts = Counter({"❤️": total})
        sight.take(Shown(ROOM, ("epoch", seq, 0), total, counts), float(seq))
    return sight


def made(
    strike: Callable[[Scene], Done], *sights: Sight, before: int = 0
) -> tuple[Trial, Theatre]:
    senders: Any = FakeSenders(3, 4)
    scene = Scene(cast(Any, None), random.Random(), senders, print)
    viewers: Any = FakeViewers(*sights)
    theatre = Theatre(scene, viewers, {ROOM: Counter({"❤️": before})})
    fault = Fault("bridge", "nothing", strike)
    return trial.run(theatre, fault, "8/nothing/1", pause_max_s=0), theatre


def nothing(scene: Scene) -> Done:
    now_s = time.monotonic()
    return Done(now_s, now_s, Hit.HIT, str(scene.chance.random()))


def test_what_is_shown_since_the_last_trial_is_what_was_accepted() -> None:
    found, theatre = made(nothing, seen(12), before=5)

    assert (found.reactions, found.lost, found.twice, found.broken) == (7, 0, 0, ())
    assert found.recovery_s is not None
    assert found.recovery_s >= 0
    assert found.hit is Hit.HIT
    assert theatre.total(ROOM) == 12


def test_the_senders_are_released_and_held_around_it() -> None:
    _, theatre = made(nothing, seen(7))

    senders: Any = theatre.scene.senders
    assert senders.done == ["cut", "release", "hold"]


def test_the_same_seed_draws_the_same() -> None:
    first, second = made(nothing, seen(7))[0], made(nothing, seen(7))[0]

    assert first.note == second.note


def test_what_a_machine_does_not_allow_is_not_passed_but_impossible() -> None:
    def strike(_scene: Scene) -> Done:
        raise NotPossible("no mount")

    found, _ = made(strike, seen(7))

    assert (found.impossible, found.recovery_s) == ("no mount", None)


def test_a_fault_that_finds_something_wrong_is_a_broken_promise() -> None:
    def strike(_scene: Scene) -> Done:
        raise AssertionError("a window of yesterday")

    found, theatre = made(strike, seen(7))

    senders: Any = theatre.scene.senders
    assert found.broken == ("AssertionError: a window of yesterday",)
    assert senders.done[-1] == "hold"


def test_a_total_that_fell_meanwhile_is_a_broken_promise() -> None:
    found, _ = made(nothing, seen(5, 4, 7))

    assert found.lost == 0
    assert len(found.broken) == 1


def test_a_campaign_without_time_leaves_everything_out_and_starts_nothing() -> None:
    faults = [Fault("bridge", "nothing", nothing), Fault("links", "cut", nothing)]
    campaign = Campaign(faults, trials=2, seed=8, within_s=-1)
    campaign.run()

    assert len(campaign.result.left_out) == 4
    assert campaign.result.trials == ()
    assert msgspec.json.decode(
        msgspec.json.encode(campaign.result), type=type(campaign.result)
    )
