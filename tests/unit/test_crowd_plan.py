import math

import pytest
from msgspec.structs import replace

from clients.crowd.orders import errand, invitation
from clients.crowd.plan import BadPlan, Plan, checked
from clients.crowd.timeline import Timeline

PLAN = Plan(url="http://127.0.0.1:8080")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rate": -1.0}, "rate is -1"),
        ({"rate": math.nan}, "rate is nan"),
        ({"seconds": 0.0}, "seconds is 0"),
        ({"seconds": math.inf}, "seconds is inf"),
        ({"speed": 0.0}, "speed is 0"),
        ({"clients": -1}, "clients is -1"),
        ({"clients": 0}, "no crowd"),
        ({"join_leave": True}, "without viewers"),
        ({"room": "A room"}, "is not a room"),
        ({"url": "localhost"}, "does not start with http"),
        ({"timeline": "nowhere.jsonl"}, "cannot be read"),
        (
            {"timeline": "final", "speed": 10.0, "seconds": 60.1},
            r"seconds is 60\.1: final is over after 60\.0 s at speed 10",
        ),
        ({"viewers": 100_000}, "files open"),
        ({"seconds": 3600.0}, "1,440,000 POSTs"),
    ],
)
def test_what_nobody_can_do_is_refused_in_a_sentence(
    changes: dict[str, object], words: str
) -> None:
    with pytest.raises(BadPlan, match=words) as refusal:
        checked(replace(PLAN, **changes))
    assert "\n" not in str(refusal.value)


def test_it_lasts_a_minute_or_as_long_as_its_timeline() -> None:
    name = Timeline.names()[0]
    plan, timeline = checked(replace(PLAN, timeline=name, speed=10.0))

    assert timeline
    assert PLAN.lasting_s(None) == 60
    assert plan.lasting_s(timeline) == timeline.seconds / 10
    assert replace(plan, seconds=5.0).lasting_s(timeline) == 5


@pytest.mark.parametrize("seconds", [7.0, 59.9, 60.0])
def test_a_timeline_may_be_replayed_in_part_or_just_to_its_end(seconds: float) -> None:
    _, timeline = checked(replace(PLAN, timeline="final"))
    assert timeline

    speed = timeline.seconds / seconds
    checked(replace(PLAN, timeline="final", speed=speed, seconds=seconds))
    checked(replace(PLAN, timeline="final", speed=speed, seconds=seconds / 2))


def test_a_crowd_that_only_watches_is_one() -> None:
    watching, _ = checked(replace(PLAN, clients=0, viewers=10))

    assert not watching.reacts
    assert checked(PLAN)[0].reacts


def test_they_come_two_hundred_a_second_where_nothing_else_is_said() -> None:
    assert replace(PLAN, viewers=1800).coming_s == 10
    assert replace(PLAN, arrive_within_s=3.0).coming_s == 3


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("http://127.0.0.1:8080", ("127.0.0.1", 8080, False, "")),
        ("https://live.example.org/emo/", ("live.example.org", 443, True, "/emo")),
        ("http://live.example.org", ("live.example.org", 80, False, "")),
    ],
)
def test_an_errand_says_where_reactions_go(
    url: str, where: tuple[str, int, bool, str]
) -> None:
    made = errand(replace(PLAN, url=url), 7.0)

    assert (made.host, made.port, made.is_tls, made.prefix) == where
    assert made.seconds == 7
    assert made.run != errand(PLAN, 7.0).run
    assert invitation(PLAN).clients == made.clients == 200
