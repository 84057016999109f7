"""Thousands of joins made to reach what is another's, against real workers."""

import re
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from clients.worker.profiles import PROFILES
from clients.worker.wire import Assignment, Join, Membership
from mosquitto import topic
from mosquitto.placement import all_slots, slot_of
from tests.frames import frame
from tests.integration import audience_wire as wire
from tests.integration.audience_clients import Attendee
from tests.integration.audience_crowd import Connection, Crowd, crowd
from tests.integration.audience_joins import HOSTILE_IDS, ROOMS, Generator
from tests.integration.fleet import CLUSTER, Fleet, fleet
from tests.integration.rights_trial import TESTER

STRANGERS, JOINS_EACH = 500, 20
"""Together 10,000."""


@dataclass
class Onlooker:
    """Sees everything on the cluster's broker, and keeps what must not be there."""

    astray: list[wire.Published] = field(default_factory=list)
    joins: int = 0
    connection: Connection | None = None

    def look(self, turned: Crowd, port: int) -> None:
        hello = wire.connect_as("tester", TESTER.user, TESTER.password)
        self.connection = Connection(port, hello)
        turned.watch(self.connection, self._receive)
        self.connection.send(wire.subscribe(1, ("#",)))

    def _receive(self) -> None:
        assert self.connection
        for packet in self.connection.receive():
            if packet.kind == wire.PUBLISH:
                self._judge(wire.Published.decode(packet))

    def _judge(self, seen: wire.Published) -> None:
        if seen.topic.endswith("/join") and seen.payload != b"":
            self.joins += 1
        if not belongs(seen):
            self.astray.append(seen)


def belongs(seen: wire.Published) -> bool:
    """Tell whether a message is where it may be, and what it may be."""
    match seen.topic.split("/"):
        case ["members", slot, client_id]:
            is_own = is_good(client_id) and slot == slot_of(client_id)
            return is_own and (not seen.payload or is_membership(seen.payload))
        case ["relay", slot, room, profile]:
            return slot in all_slots() and room in ROOMS and profile in PROFILES
        case ["clients", client_id, "assignment", *more]:
            return len(more) < 2 and answers(client_id, seen.payload)
        case ["clusters", cluster, "link"]:
            return cluster == CLUSTER
        case ["workers", cluster, _, "status"]:
            return cluster == CLUSTER and seen.payload.startswith(b'{"v":1')
        case _:
            return seen.topic == topic.room_frame("final") or bool(
                seen.topic.endswith("/join")
            )


def is_membership(payload: bytes) -> bool:
    kept = Membership.decode(payload)
    return kept.room in ROOMS and kept.profile in PROFILES


def is_good(client_id: str) -> bool:
    """Tell whether who has this id may join."""
    return re.fullmatch("[A-Za-z0-9_-]{1,64}", client_id) is not None


def answers(client_id: str, payload: bytes) -> bool:
    """Tell whether a client is told what is its own."""
    answer = Assignment.decode(payload)
    own = topic.relay(slot_of(client_id), answer.room, answer.profile)
    is_own = answer.client_id == client_id and answer.topic == own
    return bool(answer.error) or is_own


def ask(port: int, client_id: str, dice: Generator) -> Join | None:
    """Send a stranger's joins; return of what it is a member then.

    Raises:
        OSError: If the broker does not let it in.
    """
    member: Join | None = None
    own = topic.client_assignment(client_id)
    place = topic.client_join(client_id)
    connection = Connection(port, wire.connect(client_id))
    with closing(connection.socket):
        for number in range(1, JOINS_EACH + 1):
            asked, retained = dice.asked(), dice.is_retained()
            join = wire.Published(
                place,
                asked.payload,
                number,
                retained=retained,
                reply_to=dice.reply_to(own),
                correlation=dice.correlation(),
            )
            connection.send(join.encode())
            if asked.makes and not retained:
                member = asked.makes
        wait_for_acknowledgements(connection)
        connection.send(wire.LEAVE)
    return member


def wait_for_acknowledgements(connection: Connection) -> None:
    left = JOINS_EACH
    while left:
        kinds = [packet.kind for packet in connection.receive()]
        left -= kinds.count(wire.PUBACK)


@pytest.fixture
def served_by(tmp_path: Path) -> Iterator[Fleet]:
    with fleet(tmp_path, workers=2, tester=True) as running:
        yield running


def test_no_generated_join_makes_anything_where_it_does_not_belong(
    served_by: Fleet,
) -> None:
    (port,), dice, total = served_by.ports, Generator(5), 0
    pids = [worker.pid for worker in served_by.every_worker]
    members = {"healthy": ("final", "full")}
    with crowd() as turned:
        onlooker, let_in = Onlooker(), 0
        onlooker.look(turned, port)
        healthy = Attendee(turned, "healthy", [port], Join("final"))
        turned.turn_until(lambda: healthy.is_served, "membership")
        for number in range(STRANGERS):
            client_id = dice.client_id(number)
            try:
                member = ask(port, client_id, dice)
            except OSError:  # no topic has a wildcard in it
                assert {*client_id} & {*"+#"} or len(client_id) > 64
                continue
            let_in += 1
            if member and is_good(client_id):
                members[client_id] = (member.room, member.profile)
            turned.turn(0)
            if number % 10 == 0:
                total += 1
                served_by.play(frame("final", total, total, total=total))

        turned.turn_until(lambda: healthy.total == total, "newest frame")
        turned.turn_until(lambda: served_by.members() == members, "true members")
        assert not onlooker.astray
        assert onlooker.joins > STRANGERS * JOINS_EACH / 2  # it is not blind
        assert healthy.totals == {*range(1, total + 1)}
        assert not healthy.losses
        assert [worker.pid for worker in served_by.every_worker] == pids
        assert all(worker.is_running for worker in served_by.every_worker)
        logs = "".join(one.log() for one in served_by.every_worker)
        assert "Traceback" not in logs
        assert "connection lost" not in logs
        assert not served_by.kept("clients/+/join")
        assert let_in > STRANGERS - len(HOSTILE_IDS)
        assert len(members) > STRANGERS / 2


@pytest.mark.parametrize(
    ("level", "packet_bytes"),
    [("+", 0), ("#", 0), ("a+", 0), ("\0", 0), ("1", 17_390), ("x" * 9000, 17_390)],
    ids=lambda value: ascii(value)[:9],
)
def test_an_answer_that_cannot_be_sent_harms_no_worker(
    served_by: Fleet, level: str, packet_bytes: int
) -> None:
    """A broker throws out whoever sends it a wildcard, or more than 17,408 bytes."""
    (port,) = served_by.ports
    with crowd() as turned:
        healthy = Attendee(turned, "healthy", [port], Join("final"))
        turned.turn_until(lambda: healthy.is_served, "membership")
        for client_id in ("healthy-2", "healthy-3", "healthy-4", "healthy-5"):
            place = f"{topic.client_assignment(client_id)}/{level}"
            sent = wire.Published(topic.client_join(client_id), b"", 1, reply_to=place)
            padding = b"x" * (packet_bytes - len(sent.encode()))
            connection = Connection(port, wire.connect(client_id))
            with closing(connection.socket), suppress(OSError):
                connection.send(replace(sent, correlation=padding).encode())
                while wire.PUBACK not in [one.kind for one in connection.receive()]:
                    pass
        served_by.play(frame("final", 1, 1, total=1))

        turned.turn_until(lambda: healthy.total == 1, "frame")
        logs = "".join(one.log() for one in served_by.every_worker)
        assert "Traceback" not in logs
        assert "connection lost" not in logs
