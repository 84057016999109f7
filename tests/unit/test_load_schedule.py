import random
from itertools import pairwise

import pytest

from clients.crowd.schedule import even, jittered, late_share
from tests.load.schedule import Plan, timetable, weights


def plan(**changes: object) -> Plan:
    chosen = {
        "host": "127.0.0.1",
        "port": 8080,
        "rooms": ("hot", "one", "two"),
        "canary": "canary",
        "per_post": 100,
        "posts_per_s": 200.0,
        "canaries_per_s": 10.0,
        "seconds": 30.0,
        "seed": 7,
    }
    return Plan(**(chosen | changes))  # type: ignore[arg-type]  # names are checked


def test_the_load_comes_at_even_intervals_and_at_the_rate_that_was_asked_for() -> None:
    due = [one.at_s for one in timetable(plan()) if one.room != "canary"]

    assert len(due) == 200 * 30
    assert due == pytest.approx([index / 200 for index in range(6000)])


def test_the_timetable_is_in_the_order_of_time() -> None:
    due = [one.at_s for one in timetable(plan())]

    assert due == sorted(due)


def test_canaries_are_single_taps_at_random_times_of_about_the_rate() -> None:
    taps = [one for one in timetable(plan(seconds=300)) if one.room == "canary"]
    gaps = {round(b.at_s - a.at_s, 6) for a, b in pairwise(taps)}

    assert all(tap.reactions == 1 for tap in taps)
    assert 2700 < len(taps) < 3300
    assert len(gaps) > 0.9 * len(taps)


def test_nothing_is_due_after_the_end() -> None:
    assert max(jittered(1000, 2, random.Random(1))) < 2
    assert max(even(1000, 2)) < 2


def test_half_of_the_posts_go_to_the_hot_room() -> None:
    rooms = [one.room for one in timetable(plan()) if one.room != "canary"]

    assert rooms.count("hot") == pytest.approx(3000, rel=0.1)
    assert rooms.count("one") == pytest.approx(1500, rel=0.15)


def test_rooms_shares_are_a_whole() -> None:
    assert weights(1) == [1]
    assert sum(weights(8)) == pytest.approx(1)


def test_a_closed_loop_has_a_timetable_for_its_canary_alone() -> None:
    rooms = {one.room for one in timetable(plan(closed=32))}

    assert rooms == {"canary"}


def test_the_same_seed_makes_the_same_timetable() -> None:
    assert timetable(plan()) == timetable(plan())
    assert timetable(plan()) != timetable(plan(seed=8))


def test_a_send_is_late_after_ten_milliseconds() -> None:
    assert late_share([0.0, 0.009, 0.011, 5.0]) == 0.5
    assert late_share([]) == 0
