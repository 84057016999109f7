"""Strangers with ids made to reach what is another's, seen by who would be harmed."""

import random
from collections.abc import Iterator

import pytest

from mosquitto import topic
from mosquitto.acl import ANYONE, WORKER
from tests.integration.mqtt_peer import V5, V311, Login, Peer, Refused
from tests.integration.rights_trial import CLUSTER, TESTER, WITNESS, Trial, trial

VICTIM = "victim"
OF_THE_VICTIM = [
    "clients/victim/assignment",
    "clients/victim/assignment/1",
    "clients/victim/assignment/assignment",
    "clients/victim/join",
    "clients/victim/leave",
    "clients/victim/evict",
    "members/1/victim",
]
OF_OTHERS = [
    "workers/cluster-1/worker-1/status",
    "relay/1/final/full",
    "clients/a/b/join",
]
HOSTILE = [
    "a/b",
    "a/b/c",
    "+",
    "#",
    "/",
    "+/+",
    "victim/#",
    "$SYS",
    "$SYS/broker",
    "a+b",
    "%c",
    "%u",
    "victim/assignment",
    "victim/assignment/1",
    "victim/join",
    "/victim",
    "victim/",
    "VICTIM",
    "victim ",
    "../victim",
    "victim\0",
    "\0",
    "a b",
    "é",
    "\u202evictim",
    "x" * 64,
    "x" * 65,
    "x" * 2000,
]
LETTERS = "aZ0_-/+#$%cu. é"
GENERATED = 300


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with trial(tmp_path_factory.mktemp("hostile")) as both:
        yield both


@pytest.fixture
def tester(installed: Trial) -> Iterator[Peer]:
    """Sees everything that anybody writes."""
    with Peer(installed.ports[CLUSTER], TESTER) as tester:
        tester.subscribe("#")
        yield tester


def own(client_id: str) -> set[str]:
    """Return all that somebody with this id may write: nothing with a broken one."""
    if set(client_id) & set("/+#"):
        return set()
    return {topic.client_join(client_id), topic.client_leave(client_id)}


def attack(thief: Peer, client_id: str) -> None:
    """Write wherever it might do harm, to be kept, and last where anybody may."""
    targets = [*OF_THE_VICTIM, *OF_OTHERS, topic.client_evict(client_id)]
    targets += [topic.client_join(client_id), topic.client_leave(client_id)]
    for place in targets:
        if not set(place) & set("+#\0"):
            thief.publish(place, b"forged", retain=True)
    thief.publish(WITNESS, b"forged")


def assert_harmless(installed: Trial, tester: Peer, thief: Login) -> bool:
    """Let a thief try; return whether the broker let it in."""
    tester.received.clear()
    try:
        peer = Peer(installed.ports[CLUSTER], thief)
    except Refused:
        return False
    with peer:
        peer.subscribe("#")
        attack(peer, thief.client_id)
        tester.catch_up()
        written = {one.topic for one in tester.received if one.payload == b"forged"}
        for place in [*OF_THE_VICTIM, WITNESS]:
            tester.publish(place, b"secret")
        peer.catch_up()
        read = {one.topic for one in peer.received if one.payload == b"secret"}
    for place in written:
        tester.publish(place, b"", retain=True)

    assert written == own(thief.client_id) | {WITNESS}
    assert read == {WITNESS}
    for wish in filter(None, map(topic.wish_of, written)):
        assert wish[0] == thief.client_id
    return True


@pytest.mark.parametrize("version", [V311, V5], ids=str)
@pytest.mark.parametrize("client_id", HOSTILE, ids=ascii)
def test_an_id_made_to_reach_others_reaches_nobody(
    installed: Trial, tester: Peer, client_id: str, version: int
) -> None:
    thief = installed.login(ANYONE, client_id, version)

    assert_harmless(installed, tester, thief)


def test_no_generated_id_reaches_anybody(installed: Trial, tester: Peer) -> None:
    dice, let_in = random.Random(5), 0
    for _ in range(GENERATED):
        client_id = "".join(dice.choices(LETTERS, k=dice.randint(1, 70)))
        thief = installed.login(ANYONE, client_id, dice.choice([V311, V5]))

        let_in += assert_harmless(installed, tester, thief)

    assert let_in > GENERATED / 2


def test_an_id_with_a_nul_is_not_let_in(installed: Trial) -> None:
    with pytest.raises(Refused):
        Peer(installed.ports[CLUSTER], Login(client_id="victim\0"))


def test_an_honest_client_has_what_is_its_own(installed: Trial, tester: Peer) -> None:
    """Else the tests above would see nothing stolen where nothing works."""
    tester.received.clear()
    with Peer(installed.ports[CLUSTER], Login(client_id=VICTIM)) as victim:
        victim.subscribe("#")
        victim.publish(topic.client_join(VICTIM), b"mine")
        for place in OF_THE_VICTIM:
            tester.publish(place, b"secret")
        victim.catch_up()
        tester.catch_up()

        assert topic.client_join(VICTIM) in tester.topics
        assert victim.topics == {
            "clients/victim/assignment",
            "clients/victim/assignment/1",
        }


def test_who_has_a_workers_name_but_not_its_bits_changes_nothing_for_it(
    installed: Trial,
) -> None:
    port, name = installed.ports[CLUSTER], "worker-cluster-1-worker-1"
    relayed = topic.relay("1", "final", "full")
    with (
        Peer(port, installed.login(WORKER, f"{name}-00112233445566ff")) as worker,
        Peer(port, Login(client_id=name)) as stranger,
        Peer(port, Login(client_id="ann")) as ann,
    ):
        worker.subscribe(topic.client_join("+"), qos=1)
        ann.subscribe(relayed)
        stranger.publish(relayed, b"forged")
        stranger.publish(topic.worker_status(CLUSTER, "worker-1"), b"", retain=True)
        ann.publish(topic.client_join("ann"))
        worker.turn_until(lambda: bool(worker.received), "join")
        worker.publish(relayed, b"true")
        ann.turn_until(lambda: bool(ann.received), "frame")

        assert [one.payload for one in ann.received] == [b"true"]


def test_who_knew_all_of_a_workers_id_would_throw_it_off(installed: Trial) -> None:
    """That is what the random bits are for."""
    port, login = installed.ports[CLUSTER], installed.login(WORKER, "whole-id")
    worker = Peer(port, login)

    with Peer(port, Login(client_id="whole-id")), pytest.raises(AssertionError):
        worker.catch_up()
