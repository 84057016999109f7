from dataclasses import replace

import pytest

from tests.load.crowd_run import Fanned, FanOut
from tests.load.crowds.side import Brokers, Got, fanned, faults, of_brokers, of_clusters
from tests.load.measured import Latency, Usage

SOON = Latency(10, 20, 30, 40, 4)

GOT = Got(
    viewers=100,
    published_s=[10.0, 10.5, 11.0, 11.5],
    frame_every_s=0.5,
    deliveries=400,
    last_s=11.6,
    reach=SOON,
    apart=SOON,
    cpu_share=0.2,
    lag_s=0.1,
)
BROKERS = Brokers(fresh_mib=30, before_mib=30, peak_mib=40, cores=0.5)


def of(**changes: object) -> Fanned:
    return fanned(replace(GOT, **changes), BROKERS)  # type: ignore[arg-type]  # names are checked


def test_a_rate_is_the_publishers_where_frames_come_in_time() -> None:
    assert of().deliveries_per_s == 200
    assert of().per_core_s == 400


def test_a_last_frame_that_comes_late_lowers_the_rate() -> None:
    assert of(last_s=14.0).deliveries_per_s == 100


@pytest.mark.parametrize("deliveries", [400, 399, 0])
def test_what_did_not_come_is_missed_also_where_nobody_got_it(deliveries: int) -> None:
    assert of(deliveries=deliveries).missed == 400 - deliveries


def test_a_connection_takes_what_the_brokers_have_grown_by() -> None:
    found = fanned(GOT, replace(BROKERS, fresh_mib=20))

    assert found.connection_kib == 20 * 1024 / 100


def test_brokers_that_were_as_great_before_say_nothing_of_a_connection() -> None:
    assert fanned(GOT, replace(BROKERS, before_mib=39)).connection_kib is None


def test_viewers_that_fill_a_core_make_the_run_invalid_on_either_side() -> None:
    well, busy = of(), of(cpu_share=0.95)

    assert [*faults(well, None)] == [*faults(well, well)] == []
    assert [*faults(busy, well)] == ["ours: the viewers were busy 95% of the time"]
    assert [*faults(well, busy)] == [
        "the bare broker: the viewers were busy 95% of the time"
    ]


def test_viewers_that_others_kept_from_reading_make_the_run_invalid() -> None:
    (said,) = faults(of(lag_s=0.6), of(lag_s=0.4))

    assert said.startswith("ours: viewers read a frame 0.6 s after it came")


def test_a_share_is_ours_by_the_bare_brokers() -> None:
    assert compared(of(last_s=14.0), of()).share == 0.5
    assert compared(of(last_s=14.0), None).share is None


def compared(ours: Fanned, bare: Fanned | None) -> FanOut:
    return FanOut(
        viewers=100,
        frames=4,
        frame_bytes=900,
        ours=ours,
        bare=bare,
        relayed=None,
        worker_cores=0,
    )


def test_sides_of_one_rate_are_told_apart_by_cpu_and_by_how_fast_a_frame_goes_out() -> (
    None
):
    ours = fanned(GOT, replace(BROKERS, cores=0.8))
    bare = of(reach=replace(SOON, p50_ms=5))

    found = compared(ours, bare)

    assert found.share == 1
    assert (ours.per_core_s, bare.per_core_s) == (250, 400)
    assert found.per_core_share == 0.625
    assert found.going_out_per_s(ours) == 10_000
    assert found.going_out_per_s(bare) == 20_000
    assert found.going_out_share == 0.5


def test_a_frame_goes_out_to_those_alone_who_get_it() -> None:
    half = of(deliveries=200)

    assert compared(half, of()).going_out_per_s(half) == 5_000


def test_where_nothing_came_or_no_bare_broker_is_there_nothing_is_compared() -> None:
    nothing = of(deliveries=0, reach=None)

    assert compared(of(), None).going_out_share is None
    assert compared(of(), None).per_core_share is None
    assert compared(nothing, of()).going_out_share is None
    assert compared(of(), nothing).going_out_share is None
    assert compared(of(), nothing).per_core_share is None


def test_viewers_connections_are_at_the_clusters_brokers() -> None:
    names = ("mosquitto-main", "cluster-1", "cluster-12", "cluster-1-worker-2", "web")
    usage = [Usage(name, 0.1, 0.1, 1, 1) for name in names]

    assert [one.name for one in of_clusters(usage)] == ["cluster-1", "cluster-12"]
    assert [one.name for one in of_brokers(usage)] == [
        "mosquitto-main",
        "cluster-1",
        "cluster-12",
    ]
