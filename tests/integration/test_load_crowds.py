"""The bench's cases with many clients, in small: whether they say what is so."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from mosquitto.acl import BRIDGE
from tests.integration.crowd_desk import CrowdDesk, crowd_desk
from tests.integration.processes import LOOPBACK
from tests.load.cases import Case
from tests.load.crowd_run import FanOut, Storm
from tests.load.crowds.publisher import FRAME_EVERY_S, NotPublished, Publisher
from tests.load.measured import CaseRun, Kind
from tests.load.runs import repeat
from tests.load.system import MainBroker, System

VIEWERS = 20
SECONDS = 3.0


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrowdDesk]:
    with crowd_desk(tmp_path_factory.mktemp("crowds")) as running:
        yield running


def system(desk: CrowdDesk) -> System:
    address, fleet = urlsplit(desk.url), desk.fleet
    workers = {f"x-{one.name}": one.pid for one in fleet.workers["cluster-1"]}
    clusters = {
        f"cluster-{number}": broker.pid
        for number, broker in enumerate(fleet.brokers.clusters, 1)
    }
    password = fleet.brokers.credentials.passwords[BRIDGE]
    return System(
        LOOPBACK,
        address.port or 0,
        LOOPBACK,
        fleet.ports[0],
        {"mosquitto-main": fleet.brokers.main.pid, **clusters, **workers},
        MainBroker(LOOPBACK, fleet.settings.main_port, BRIDGE, password),
        dict.fromkeys(clusters, 1.0),
    )


def measured(desk: CrowdDesk, kind: Kind, turn: int = 0, **changes: object) -> CaseRun:
    case = Case("small", "small", kind, members=VIEWERS, seconds=SECONDS)
    return repeat(replace(case, **changes), system(desk), turn)  # type: ignore[arg-type]  # names are checked


def fan_out(run: CaseRun) -> FanOut:
    assert run.fan_out, run.failures
    return run.fan_out


def storm(run: CaseRun) -> Storm:
    assert run.storm, run.failures
    return run.storm


@pytest.fixture(scope="module")
def fanned_out(desk: CrowdDesk) -> CaseRun:
    return measured(desk, "fan-out", turn=1)


def test_each_frame_comes_to_each_viewer_of_ours_and_of_the_bare_broker(
    fanned_out: CaseRun,
) -> None:
    found = fan_out(fanned_out)

    assert fanned_out.failures == ()
    assert fanned_out.notes == {"first": "bare"}
    assert found.frames == SECONDS / FRAME_EVERY_S
    assert found.bare
    assert (found.ours.missed, found.bare.missed) == (0, 0)
    for side in (found.ours, found.bare):
        assert side.deliveries_per_s <= VIEWERS / FRAME_EVERY_S * 1.01
        assert side.reach
        assert side.apart
        assert 0 < side.apart.max_ms <= side.reach.max_ms
    assert found.relayed
    assert found.ours.reach
    assert found.going_out_share
    assert found.relayed.p50_ms <= found.ours.reach.p50_ms


def test_brokers_and_viewers_are_booked_apart(fanned_out: CaseRun) -> None:
    found = fan_out(fanned_out)

    assert {"cluster-1", "cluster-2", "audience", "harness"} <= {
        one.name for one in fanned_out.usage
    }
    assert 0 < found.ours.viewers_share < 1


def test_a_frame_that_comes_to_nobody_is_a_failure(desk: CrowdDesk) -> None:
    elsewhere = replace(system(desk), main=bare_main(desk))

    case = Case("small", "small", "fan-out", members=2, seconds=1)

    run = repeat(case, elsewhere, turn=0)

    assert run.failures == ("4 deliveries never came",)
    assert run.notes == {"first": "ours"}


def bare_main(desk: CrowdDesk) -> MainBroker:
    """Return a broker that nobody pulls from: nobody's name gets nothing through."""
    return MainBroker(LOOPBACK, desk.fleet.ports[0])


def test_all_who_come_at_a_time_are_assigned(desk: CrowdDesk) -> None:
    run = measured(desk, "join-storm", come_within_s=1.0)
    found = storm(run)

    assert run.failures == ()
    assert found.joined == found.clients == VIEWERS
    assert found.joins
    assert found.joins.n == VIEWERS
    assert found.connects_busiest >= VIEWERS / 2


def test_a_crowd_that_reacts_is_counted_and_watched(desk: CrowdDesk) -> None:
    run = measured(desk, "crowd", reactions_per_s=200.0, room=desk.room)

    assert run.failures == ()
    assert run.book
    assert run.book.accepted == run.book.counted > 0
    assert run.registered
    assert run.audience
    assert (run.audience.members, run.audience.missed) == (VIEWERS, 0)
    assert {"generator", "audience"} <= {one.name for one in run.usage}


def test_nobody_publishes_in_the_bridges_name_without_its_password(
    desk: CrowdDesk,
) -> None:
    with pytest.raises(NotPublished):
        Publisher(None, desk.room)
    stranger = MainBroker(LOOPBACK, desk.fleet.settings.main_port)
    with pytest.raises(NotPublished), Publisher(stranger, desk.room):
        pass


def test_clients_of_a_killed_broker_are_served_by_others(desk: CrowdDesk) -> None:
    run = measured(desk, "reconnect-storm", seconds=8.0)  # the last one: it breaks one
    found = storm(run)

    assert run.failures == ()
    assert found.lost == VIEWERS / 2
    assert found.newer
    assert (found.newer.n, found.not_newer) == (found.lost, 0)
    assert 0 < (found.reached_busiest or 0) <= found.connects_busiest
