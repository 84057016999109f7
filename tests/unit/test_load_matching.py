import pytest

from clients.crowd.latency import latency
from clients.crowd.relayed import Brief
from clients.crowd.sending import Outcome, Sent
from tests.frames import hearts
from tests.load.matching import Sighting, hops_ms, match, relay_hops_ms

START_S = 1_000.0


def batch(
    due_s: float,
    reactions: int = 1,
    *,
    took_s: float = 0.25,
    outcome: Outcome = "accepted",
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
    )


def sighting(arrived_s: float, total: int, worker_s: float | None = None) -> Sighting:
    at_s = START_S + arrived_s
    return Sighting(
        position=("", total, 0),
        total=total,
        made_s=at_s - 0.5,
        bridged_s=at_s - 0.125,
        worker_s=worker_s and START_S + worker_s,
        arrived_s=at_s,
    )


def latencies(batches: list[Sent], sightings: list[Sighting]) -> list[float]:
    return [one.latency_s for one in match(batches, sightings, START_S)]


def test_a_tap_is_seen_with_the_first_frame_whose_total_reaches_it() -> None:
    frames = [sighting(2.0, 1), sighting(3.0, 3), sighting(4.0, 3)]

    assert latencies([batch(1.0), batch(1.5), batch(2.5)], frames) == [1.0, 1.5, 0.5]


def test_a_batch_is_seen_when_all_of_it_is_counted() -> None:
    frames = [sighting(2.0, 99), sighting(3.0, 100), sighting(4.0, 150)]

    assert latencies([batch(1.0, 100), batch(1.1, 50)], frames) == pytest.approx(
        [2.0, 2.9]
    )


def test_batches_count_in_the_order_of_their_answers() -> None:
    frames = [sighting(2.0, 1), sighting(3.0, 2)]

    assert latencies([batch(1.5), batch(1.0)], frames) == [1.0, 1.5]
    assert latencies([batch(1.0, took_s=1.5), batch(1.5)], frames) == [0.5, 2.0]


def test_after_a_batch_of_unknown_fate_nothing_is_seen() -> None:
    batches = [batch(1.0), batch(1.5, outcome="unknown"), batch(1.6)]

    assert latencies(batches, [sighting(2.0, 2)]) == [1.0]


def test_what_no_frame_counts_has_no_latency() -> None:
    assert latencies([batch(1.0), batch(1.5)], [sighting(2.0, 1)]) == [1.0]
    assert latencies([batch(1.0)], []) == []


def test_a_frame_that_comes_after_a_newer_one_takes_nothing_back() -> None:
    frames = [sighting(2.0, 2), sighting(2.1, 1), sighting(3.0, 3)]

    assert latencies([batch(1.0), batch(1.1), batch(1.2)], frames) == pytest.approx(
        [1.0, 0.9, 1.8]
    )


def test_the_hops_of_one_tap_add_up_to_its_latency() -> None:
    seen = list(match([batch(1.0)], [sighting(3.0, 1)], START_S))
    hops = hops_ms(seen)

    assert hops == {
        "tap → answered": 250,
        "answered → made": 1250,
        "made → bridge": 375,
        "bridge → viewer": 125,
    }
    assert sum(hops.values()) == seen[0].latency_s * 1000


def test_a_registered_clients_hops_are_the_way_from_the_bridge_to_it() -> None:
    relayed = sighting(3.0, 1, worker_s=2.9375)
    seen = list(match([batch(1.0)], [relayed], START_S))

    assert relay_hops_ms(seen) == {"bridge → worker": 62.5, "worker → client": 62.5}
    assert relay_hops_ms(list(match([batch(1.0)], [sighting(3.0, 1)], START_S))) == {}


def test_a_frame_of_which_the_bridge_said_nothing_was_sent_on_when_it_was_made() -> (
    None
):
    frame = Brief.decode(hearts(7, seq=3).encode())
    told = Sighting.of(frame, START_S, bridge_ms=999_000, worker_s=999.5)
    untold = Sighting.of(frame, START_S, bridge_ms=None)

    assert (told.bridged_s, told.worker_s, told.arrived_s) == (999, 999.5, START_S)
    assert (told.position, told.total) == (frame.position, 7)
    assert (untold.bridged_s, untold.worker_s) == (frame.made_s, None)


def test_percentiles_are_in_milliseconds_and_within_what_was_seen() -> None:
    found = latency([index / 1000 for index in range(1001)])

    assert found
    assert (found.p50_ms, found.p95_ms, found.p99_ms) == pytest.approx((500, 950, 990))
    assert (found.max_ms, found.n) == (1000, 1001)


def test_a_single_latency_is_no_distribution() -> None:
    assert latency([1.0]) is None
    assert hops_ms([]) == {}
