"""A thousand members of a thousand rooms, and what they depend on starts again."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from clients.worker.wire import Join
from stream.frame import Frame
from tests.frames import frame
from tests.integration.audience_clients import Attendee
from tests.integration.audience_crowd import Crowd, crowd
from tests.integration.fleet import Fleet, audience_of, fleet, start
from tests.integration.kafka_server import KafkaServer
from tests.integration.test_bridge import BridgeProcess

ROOMS = [f"room-{number}" for number in range(1000)]


def newest(total: int, rooms: Sequence[str] = ROOMS) -> list[Frame]:
    """Return a frame for each room."""
    return [frame(room, total, total, total=total) for room in rooms]


def members_of(
    served_by: Fleet, turned: Crowd, rooms: Sequence[str] = ROOMS
) -> list[Attendee]:
    """Return one client for each room."""
    return [
        Attendee(turned, f"client-{number}", served_by.ports, Join(room))
        for number, room in enumerate(rooms)
    ]


@contextmanager
def thousand(folder: Path) -> Iterator[tuple[Fleet, Crowd, list[Attendee]]]:
    with fleet(folder, workers=2) as served_by, crowd() as turned:
        watching = members_of(served_by, turned)
        served_by.play(*newest(1))
        wait_for(turned, watching, 1)
        yield served_by, turned, watching


def wait_for(turned: Crowd, watching: list[Attendee], total: int) -> None:
    turned.turn_until(
        lambda: all(one.total == total for one in watching),
        f"frame {total} for everybody",
    )


def assert_all_are_members(
    served_by: Fleet, turned: Crowd, watching: list[Attendee]
) -> None:
    def counted() -> int:
        return sum(one.members for one in served_by.statuses().values())

    assert served_by.members() == audience_of(watching)
    turned.turn_until(lambda: counted() == len(watching), "number of members")
    assert not any(one.losses for one in watching)


def test_a_thousand_members_of_a_thousand_rooms_survive_their_workers(
    tmp_path: Path,
) -> None:
    with thousand(tmp_path) as (served_by, turned, watching):
        killed, ended = served_by.every_worker
        for total, (worker, end) in enumerate(
            [(killed, killed.kill), (ended, ended.stop)], 2
        ):
            end()
            served_by.play(*newest(total))
            wait_for(turned, watching, total)
            worker.start()
            turned.turn_until(served_by.is_settled, "share of the slots")
            assert_all_are_members(served_by, turned, watching)
        served_by.play(*newest(4))

        wait_for(turned, watching, 4)
        assert {len(one.joined) for one in watching} == {1}


def test_they_survive_when_all_workers_die_at_once(tmp_path: Path) -> None:
    with thousand(tmp_path) as (served_by, turned, watching):
        for worker in served_by.every_worker:
            worker.kill()
        served_by.play(*newest(2))  # while nobody relays
        start(served_by)

        wait_for(turned, watching, 2)
        assert_all_are_members(served_by, turned, watching)


def test_every_relay_has_its_newest_frame_after_all_that_brings_it_has_died(
    tmp_path: Path, kafka: KafkaServer
) -> None:
    """Only Kafka is left, and no broker keeps anything on disk."""
    with fleet(tmp_path, workers=2) as served_by, crowd() as turned:
        bridge = BridgeProcess(kafka, served_by.brokers, f"{tmp_path.name}.")
        bridge.start()
        try:
            watching = members_of(served_by, turned)
            bridge.write(*newest(1))
            wait_for(turned, watching, 1)
            changed = newest(2, ROOMS[::2])
            die_and_start_again(served_by, bridge, meanwhile=changed)

            expected = {one.encode() for one in newest(1, ROOMS[1::2]) + changed}
            turned.turn_until(
                lambda: {*served_by.kept("relay/#").values()} == expected,
                "newest frame in every relay",
            )
            turned.turn_until(
                lambda: [one.total for one in watching] == [2, 1] * (len(ROOMS) // 2),
                "newest frame for everybody",
            )
            assert served_by.members() == audience_of(watching)
        except BaseException:
            print(bridge.log())
            raise
        finally:
            bridge.kill()


def die_and_start_again(
    served_by: Fleet, bridge: BridgeProcess, meanwhile: list[Frame]
) -> None:
    brokers = [served_by.brokers.main, *served_by.brokers.clusters]
    bridge.kill()
    for broker in brokers:
        broker.kill()
    bridge.write(*meanwhile)
    for broker in brokers:
        broker.start()
    bridge.start()
