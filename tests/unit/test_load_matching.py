import pytest

from clients.crowd.latency import latency
from tests.load.matching import (
    Batch,
    Sighting,
    hops_ms,
    match,
    relay_hops_ms,
)


def batch(due_s: float, reactions: int = 1) -> Batch:
    return Batch(due_s, due_s + 0.25, reactions)


def sighting(arrived_s: float, total: int) -> Sighting:
    return Sighting(
        arrived_s, total, made_s=arrived_s - 0.5, bridged_s=arrived_s - 0.125
    )


def latencies(batches: list[Batch], sightings: list[Sighting]) -> list[float]:
    return [one.latency_s for one in match(batches, sightings)]


def test_a_tap_is_seen_with_the_first_frame_whose_total_reaches_it() -> None:
    frames = [sighting(2.0, 1), sighting(3.0, 3), sighting(4.0, 3)]

    assert latencies([batch(1.0), batch(1.5), batch(2.5)], frames) == [1.0, 1.5, 0.5]


def test_a_batch_is_seen_when_all_of_it_is_counted() -> None:
    frames = [sighting(2.0, 99), sighting(3.0, 100), sighting(4.0, 150)]

    assert latencies([batch(1.0, 100), batch(1.1, 50)], frames) == pytest.approx(
        [2.0, 2.9]
    )


def test_batches_count_in_the_order_of_their_time_however_they_were_answered() -> None:
    frames = [sighting(2.0, 1), sighting(3.0, 2)]

    assert latencies([batch(1.5), batch(1.0)], frames) == [1.0, 1.5]


def test_what_no_frame_counts_has_no_latency() -> None:
    assert latencies([batch(1.0), batch(1.5)], [sighting(2.0, 1)]) == [1.0]
    assert latencies([batch(1.0)], []) == []


def test_a_frame_that_comes_after_a_newer_one_takes_nothing_back() -> None:
    frames = [sighting(2.0, 2), sighting(2.1, 1), sighting(3.0, 3)]

    assert latencies([batch(1.0), batch(1.1), batch(1.2)], frames) == pytest.approx(
        [1.0, 0.9, 1.8]
    )


def test_the_hops_of_one_tap_add_up_to_its_latency() -> None:
    seen = list(match([batch(1.0)], [sighting(3.0, 1)]))
    hops = hops_ms(seen)

    assert hops == {
        "tap → answered": 250,
        "answered → made": 1250,
        "made → bridge": 375,
        "bridge → viewer": 125,
    }
    assert sum(hops.values()) == seen[0].latency_s * 1000


def test_a_registered_clients_hops_are_the_way_from_the_bridge_to_it() -> None:
    relayed = Sighting(3.0, 1, made_s=2.5, bridged_s=2.75, worker_s=2.875)
    seen = list(match([batch(1.0)], [relayed]))

    assert relay_hops_ms(seen) == {"bridge → worker": 125, "worker → client": 125}
    assert relay_hops_ms(list(match([batch(1.0)], [sighting(3.0, 1)]))) == {}


def test_percentiles_are_in_milliseconds_and_within_what_was_seen() -> None:
    found = latency([index / 1000 for index in range(1001)])

    assert found
    assert (found.p50_ms, found.p95_ms, found.p99_ms) == pytest.approx((500, 950, 990))
    assert (found.max_ms, found.n) == (1000, 1001)


def test_a_single_latency_is_no_distribution() -> None:
    assert latency([1.0]) is None
    assert hops_ms([]) == {}
