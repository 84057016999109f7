"""Strangers beside a cluster's members: they may harm themselves, nobody else."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from clients.worker.wire import Join
from mosquitto import topic
from mosquitto.acl import WORKER
from mosquitto.config import PAYLOAD_MAX_BYTES
from mosquitto.placement import slot_of
from tests.frames import frame
from tests.integration.audience_clients import Attendee
from tests.integration.audience_crowd import Crowd, crowd
from tests.integration.fleet import CLUSTER, Fleet, fleet, start
from tests.integration.mqtt_peer import Login, Peer

CLIENTS = 20
ROOM = "final"
STOPPED = 10
"""Members that stop reading."""

FRAMES = 600
"""As many as are large are far more than a connection takes that nobody reads."""

WAKING_FRAMES_MAX = 200
"""Those who read again get first what waited for them; meanwhile more is dropped."""

WISHES = [topic.client_join, topic.client_leave]


@pytest.fixture
def turned() -> Iterator[Crowd]:
    with crowd() as made:
        yield made


class Members:
    """Members of one room, who have to get each of its frames."""

    def __init__(self, served_by: Fleet, turned: Crowd) -> None:
        self.total = 0
        self._fleet, self._turned = served_by, turned
        self.all = [self.member(f"client-{number}") for number in range(CLIENTS)]
        turned.turn_until(lambda: all(one.is_served for one in self.all), "members")

    def member(self, client_id: str) -> Attendee:
        return Attendee(self._turned, client_id, self._fleet.ports, Join(ROOM))

    def have_the_newest(self) -> bool:
        return all(one.total == self.total for one in self.all)

    def get_each_frame(self, count: int = 1, padded_to: int = 0) -> None:
        """Bring frames; fail unless everybody has got each since the first."""
        for _ in range(count):
            self.total += 1
            made = frame(ROOM, self.total, self.total, total=self.total)
            self._fleet.play(made, padded_to=padded_to)
            self._turned.turn_until(self.have_the_newest, "newest frame")
        for one in self.all:
            assert one.totals == {*range(1, self.total + 1)}
            assert not one.losses


def worker_ids() -> list[str]:
    """Return ids like those of workers, as far as anybody can know them."""
    names = [f"{WORKER}-{CLUSTER}-worker-{number}" for number in (1, 2)]
    return [*names, *(f"{name}-{bits}" for name in names for bits in ("0" * 16, ""))]


def test_who_calls_itself_a_worker_harms_nobody(tmp_path: Path, turned: Crowd) -> None:
    with fleet(tmp_path, workers=2) as served_by, ExitStack() as stack:
        members = Members(served_by, turned)
        members.get_each_frame()
        place = members.all[0].joined[0].assignment.topic
        forged = frame(ROOM, 99, 99, total=99).encode()
        kept = topic.member(slot_of("client-1"), "client-1")
        for client_id in worker_ids():
            thief = Peer(served_by.ports[0], Login(client_id=client_id))
            stack.enter_context(thief)
            thief.subscribe("#")
            for name in ("worker-1", "worker-2"):
                thief.publish(topic.worker_status(CLUSTER, name), b"", retain=True)
            thief.publish(place, forged, retain=True)
            thief.publish(kept, b"", retain=True)
            thief.publish(topic.client_evict("client-1"))
            members.get_each_frame()

        assert served_by.is_settled()
        assert len(served_by.members()) == CLIENTS
        assert not any("lost" in worker.log() for worker in served_by.every_worker)


def test_who_takes_a_clients_id_harms_only_that_client(
    tmp_path: Path, turned: Crowd
) -> None:
    with fleet(tmp_path, workers=2) as served_by:
        members = Members(served_by, turned)
        ids = (f"victim-{number}" for number in range(10_000))
        beside = slot_of("client-0")
        victim = members.member(next(one for one in ids if slot_of(one) == beside))
        turned.turn_until(lambda: victim.is_served, "membership")
        members.get_each_frame()
        for wish in (topic.client_leave, topic.client_join, topic.client_leave):
            with Peer(served_by.ports[0], Login(client_id=victim.client_id)) as thief:
                thief.publish(wish(victim.client_id), b'{"room":"other"}')
                thief.publish(topic.client_leave("client-0"))
                members.get_each_frame()

        turned.turn_until(
            lambda: served_by.members().get(victim.client_id) == (ROOM, "full"),
            "return of the victim",
        )
        members.get_each_frame()
        turned.turn_until(lambda: victim.total == members.total, "newest frame")
        assert victim.losses


def test_members_that_stop_reading_cost_the_others_nothing(
    tmp_path: Path, turned: Crowd
) -> None:
    with fleet(tmp_path, workers=2) as served_by:
        members = Members(served_by, turned)
        asleep = [members.member(f"asleep-{number}") for number in range(STOPPED)]
        turned.turn_until(lambda: all(one.is_served for one in asleep), "members")
        members.get_each_frame()
        for one in asleep:
            one.stop_reading()
        members.get_each_frame(FRAMES, padded_to=PAYLOAD_MAX_BYTES)

        for one in asleep:
            one.read_on()
        for _ in range(WAKING_FRAMES_MAX):
            if all(one.total == members.total for one in asleep):
                break
            members.get_each_frame()
            turned.turn_for(0.05)
        else:
            raise AssertionError("not every sleeper has woken up")
        # Else they were not asleep.
        assert all(len(one.totals) < FRAMES for one in asleep)
        assert len(served_by.members()) == CLIENTS + STOPPED


def leave_behind(served_by: Fleet, client_ids: list[str]) -> None:
    """Have wishes retained by those whose they are."""
    for client_id in client_ids:
        with Peer(served_by.ports[0], Login(client_id=client_id)) as stranger:
            for wish in WISHES:
                stranger.publish(wish(client_id), b'{"room":"final"}', retain=True)


def test_wishes_that_strangers_leave_behind_are_taken_away(
    tmp_path: Path, turned: Crowd
) -> None:
    early, late = ["early", "e.a.r.l.y", "client-0"], ["late", "la te", "client-1"]
    wishes = [wish(topic.ANY) for wish in WISHES]
    with fleet(tmp_path, workers=2, started=False) as served_by:
        leave_behind(served_by, early)
        assert len(served_by.kept(*wishes)) == len(early) * len(WISHES)
        start(served_by)
        turned.turn_until(lambda: not served_by.kept(*wishes), "end of what was kept")
        assert not served_by.members()

        leave_behind(served_by, late)
        turned.turn_until(lambda: not served_by.kept(*wishes), "end of what was kept")
        members = Members(served_by, turned)
        for worker in served_by.every_worker:
            worker.kill()
        start(served_by)
        members.get_each_frame()
        assert len(served_by.members()) == CLIENTS


@pytest.mark.parametrize("retain", [False, True])
def test_nothing_that_goes_with_a_join_ends_a_worker(
    tmp_path: Path, turned: Crowd, *, retain: bool
) -> None:
    """Not a character that MQTT allows and paho does not, nor thousands of names."""
    with fleet(tmp_path, workers=2) as served_by:
        members = Members(served_by, turned)
        join = topic.client_join("stranger")
        with Peer(served_by.ports[0], Login(client_id="stranger")) as stranger:
            for named, times in ((("\ufeff", ""), 1), (("", ""), 3000)):
                stranger.publish(join, b"{}", retain=retain, named=named, times=times)
                members.get_each_frame()

        turned.turn_until(lambda: not served_by.kept(join), "end of what was kept")
        members.get_each_frame()
        assert served_by.is_settled()
        assert not any("lost" in worker.log() for worker in served_by.every_worker)
