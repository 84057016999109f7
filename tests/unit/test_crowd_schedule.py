from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.crowd.schedule import GATHERED_FOR_S, Reacting, timetable
from ingest.topics import RECORD_REACTIONS_MAX

crowds = st.builds(
    Reacting,
    room=st.just("final"),
    clients=st.integers(1, 30),
    rate=st.floats(0.1, 3000),
    seconds=st.integers(1, 5),
)


def test_two_hundred_clients_post_what_half_a_second_gathers_one_after_the_other() -> (
    None
):
    due = [*timetable(Reacting("final", 200, 1000, 60))]

    assert len(due) == 200 * 60 * 2
    assert {one.reactions for one in due} == {500}
    assert sum(one.reactions for one in due) == 200 * 1000 * 60
    apart_s = {round(later.at_s - earlier.at_s, 6) for earlier, later in pairwise(due)}
    assert apart_s == {GATHERED_FOR_S / 200}


@given(crowds)
def test_whatever_the_rate_each_client_sends_it_in_posts_that_are_taken(
    crowd: Reacting,
) -> None:
    due = [*timetable(crowd)]
    sent: Counter[int] = Counter()
    for one in due:
        sent[one.who] += one.reactions

    assert all(0 < one.reactions <= RECORD_REACTIONS_MAX for one in due)
    assert [one.at_s for one in due] == sorted(one.at_s for one in due)
    assert all(0 <= one.at_s < crowd.seconds + crowd.period_s for one in due)
    turns = round(crowd.seconds / crowd.period_s)
    for who in range(crowd.clients):
        wanted = crowd.rate * turns * crowd.period_s
        assert wanted - 1 <= sent[who] <= wanted + 1e-3


@pytest.mark.parametrize("rate", [0.2, 1.4, 2.2, 14.6])
def test_no_reaction_is_lost_in_the_sums_of_floats(rate: float) -> None:
    sent = sum(one.reactions for one in timetable(Reacting("final", 1, rate, 50)))

    assert sent == round(rate * 50)


def test_a_timeline_thins_the_rate_and_nothing_is_sent_where_nobody_reacts() -> None:
    crowd = Reacting("final", 4, 100, 10)
    due = [*timetable(crowd, lambda at_s: 0.5 if at_s < 5 else 0.0)]

    assert sum(one.reactions for one in due) == 4 * 100 * 5 / 2
    assert max(one.at_s for one in due) < 5


@pytest.mark.parametrize(("share", "sent"), [(2.0, 200), (-1.0, 0)])
def test_a_share_is_of_the_busiest_moment(share: float, sent: int) -> None:
    due = timetable(Reacting("final", 1, 100, 2), lambda _: share)

    assert sum(one.reactions for one in due) == sent


@pytest.mark.parametrize("crowd", [Reacting("r", 0, 10, 5), Reacting("r", 5, 0, 5)])
def test_a_crowd_that_does_not_react_has_nothing_to_send(crowd: Reacting) -> None:
    assert [*timetable(crowd)] == []
