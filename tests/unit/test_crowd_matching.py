import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.crowd.matching import Matched, own_latencies
from clients.crowd.sending import Outcome, Sendings, Sent
from clients.crowd.wire import Taps

START_S = 1_000.0


def sent(
    due_s: float,
    who: int = 0,
    reactions: int = 1,
    outcome: Outcome = "accepted",
    *,
    took_s: float = 0.1,
) -> Sent:
    return Sent(
        room="final",
        reactions=reactions,
        due_s=due_s,
        ready_s=due_s,
        sent_s=due_s,
        answered_s=due_s + took_s,
        first="202",
        outcome=outcome,
        who=who,
    )


def taps(*sights: tuple[float, int]) -> Taps:
    return Taps([total for _, total in sights], [START_S + at_s for at_s, _ in sights])


def latencies(batches: list[Sent], *seen: Taps, before: int = 0) -> list[float]:
    return matched(batches, *seen, before=before).latencies_s


def matched(batches: list[Sent], *seen: Taps, before: int = 0) -> Matched:
    book = Sendings(START_S, tuple(batches), 1, went_first=True)
    return own_latencies(book, seen, before)


def test_a_tap_is_seen_with_the_first_frame_that_counts_it_at_its_own_client() -> None:
    batches = [sent(1.0, who=0), sent(1.5, who=1)]
    first, second = taps((2.0, 1), (3.0, 2)), taps((2.1, 1), (3.2, 2))

    assert latencies(batches, first, second) == pytest.approx([1.0, 1.7])


def test_what_was_there_before_is_counted_before() -> None:
    assert latencies([sent(1.0)], taps((1.2, 100), (2.0, 101)), before=100) == [1.0]


def test_a_batch_is_seen_when_all_of_it_is_counted() -> None:
    seen = taps((2.0, 99), (3.0, 150))

    assert latencies([sent(1.0, reactions=100)], seen) == [2.0]


def test_batches_count_in_the_order_of_their_time() -> None:
    batches = [sent(1.5, who=1), sent(1.0, who=0)]
    seen = taps((2.0, 1), (3.0, 2))

    assert latencies(batches, seen, seen) == [1.0, 1.5]


def test_what_was_refused_counts_for_nothing() -> None:
    batches = [sent(1.0, outcome="refused"), sent(1.5)]

    assert latencies(batches, taps((2.0, 1))) == [0.5]


def test_after_a_batch_of_unknown_fate_nothing_is_known() -> None:
    unknown = sent(1.5, outcome="unknown", took_s=40.0)
    found = matched([sent(1.0), unknown, sent(2.0)], taps((2.0, 1), (3.0, 3)))

    assert (found.latencies_s, found.untold) == ([1.0], 1)


def test_a_batch_that_was_answered_late_is_counted_late() -> None:
    slow, quick = sent(1.0, took_s=5.0), sent(1.5)

    assert latencies([slow, quick], taps((2.0, 1), (7.0, 2))) == [0.5, 6.0]


def test_what_no_frame_counted_has_no_latency() -> None:
    found = matched([sent(1.0), sent(2.0)], taps((2.0, 1)))
    assert (found.latencies_s, found.unseen) == ([1.0], 1)
    assert latencies([sent(1.0)], taps()) == []


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 50)), max_size=30),
    st.integers(1, 7),
)
def test_whatever_the_frames_no_tap_is_seen_before_it_is_counted(
    batches: list[tuple[int, int]], every: int
) -> None:
    made = [
        sent(float(index), who, reactions)
        for index, (who, reactions) in enumerate(batches)
    ]
    total, sights = 0, []
    for index, (_, reactions) in enumerate(batches):
        total += reactions
        if index % every == every - 1 or index == len(batches) - 1:
            sights.append((index + 0.5, total))
    found = latencies(made, *[taps(*sights)] * 4)

    assert len(found) == len(batches)
    assert all(0.5 <= latency_s <= every for latency_s in found)
