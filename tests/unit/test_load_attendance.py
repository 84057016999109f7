import pytest

from tests.load.attendance import Member, figures, missed
from tests.load.matching import Sighting

UNTIL_S = 100.0


def relayed(frame: int, worker_s: float, took_s: float = 0.0) -> Sighting:
    return Sighting(
        position=("", frame, 0),
        total=frame,
        made_s=0,
        bridged_s=0,
        worker_s=worker_s,
        arrived_s=worker_s + took_s,
    )


def member(*got: Sighting, room: str = "final", cluster: str = "one") -> Member:
    return Member(cluster, room, got)


def test_a_frame_that_one_member_got_is_missed_by_each_that_did_not() -> None:
    whole = member(relayed(1, 1.0), relayed(2, 2.0), relayed(3, 3.0))
    some = member(relayed(2, 2.0), cluster="two")
    most = member(relayed(1, 1.0), relayed(2, 2.0))

    assert missed([whole, some, most], UNTIL_S) == {"final": (3, 2)}
    assert missed([whole, whole], UNTIL_S) == {}


def test_a_member_misses_nothing_of_another_room() -> None:
    other = member(relayed(9, 9.0), room="other")

    assert missed([member(relayed(1, 1.0)), other], UNTIL_S) == {}


def test_a_frame_that_came_to_nobody_in_time_is_not_missed() -> None:
    got = [member(relayed(1, 99.0), relayed(2, 100.0)), member(relayed(1, 99.0))]

    assert missed(got, UNTIL_S) == {}
    assert missed(got, UNTIL_S + 1) == {"final": (1, 1)}


def test_a_hop_is_from_the_workers_time_to_the_arrival() -> None:
    got = [member(relayed(1, 1.0, 0.002)), member(relayed(1, 1.0, 0.004))]
    found = figures(got, from_s=0, until_s=UNTIL_S)

    assert found
    assert found.relay
    assert found.relay.p50_ms == pytest.approx(3)
    assert (found.members, found.clusters, found.frames, found.missed) == (2, 1, 1, 0)


def test_a_spread_is_of_one_frame_in_one_cluster() -> None:
    found = figures(
        [
            member(relayed(1, 1.0), relayed(2, 2.0)),
            member(relayed(1, 1.01, 0.02), relayed(2, 2.01, 0.02)),
            member(relayed(1, 1.5), relayed(2, 2.5), cluster="two"),
            member(relayed(1, 1.51), relayed(2, 2.51), cluster="two"),
        ],
        from_s=0,
        until_s=UNTIL_S,
    )

    assert found
    assert found.spread
    assert found.arrivals
    assert found.clusters == 2
    assert found.spread.n == 4
    assert found.spread.max_ms == pytest.approx(10)
    assert found.arrivals.max_ms == pytest.approx(30)


def test_a_frame_that_is_sent_again_counts_when_it_came_first() -> None:
    again = member(relayed(1, 1.0), relayed(2, 2.0), relayed(1, 3.0, 0.5))
    found = figures([again, again], from_s=0, until_s=UNTIL_S)

    assert found
    assert found.relay
    assert found.relay.max_ms == pytest.approx(0)


def test_a_frame_is_measured_when_it_came_to_its_first_member_of_all() -> None:
    early = [relayed(1, 9.9), relayed(2, 11.0), relayed(3, 11.1)]
    late = [relayed(1, 10.1, 0.3), relayed(2, 11.0, 0.1), relayed(3, 11.0, 0.2)]
    found = figures(
        [member(*early), member(*late, cluster="two")], from_s=10, until_s=11.05
    )

    assert found
    assert found.relay
    assert (found.frames, found.relay.n) == (1, 2)
    assert found.relay.max_ms == pytest.approx(100)


def test_without_members_there_is_nothing_to_say() -> None:
    assert figures([], from_s=0, until_s=UNTIL_S) is None
