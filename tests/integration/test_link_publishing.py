"""What a link sends, and how it subscribes, as a cluster's real broker has it."""

import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from clients.event import Connected, Message
from clients.link import Address
from clients.parcel import Extras, Following, Parcel
from mosquitto import topic
from mosquitto.acl import ANYONE, WORKER
from tests.integration.mqtt_peer import V311, Peer
from tests.integration.processes import LOOPBACK, wait_until
from tests.integration.rights_trial import CLUSTER, TESTER, Trial, trial
from tests.integration.turned_link import SOON_S, TurnedLink

MEMBERS = topic.member("+", "+")
KEPT = topic.member("1", "kept")
FRESH = topic.member("1", "fresh")
LAST = topic.member("1", "last")
STATUS = topic.worker_status(CLUSTER, "worker-1")
ALL = Extras(
    bridge_ms=1,
    worker_ms=2,
    expires_in_s=300,
    reply_to="clients/ann/assignment/1",
    correlation=b"\0\1",
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with trial(tmp_path_factory.mktemp("publishing")) as both:
        yield both


@pytest.fixture
def tester(installed: Trial) -> Iterator[Peer]:
    """Writes anything; what it had retained is gone afterwards."""
    with Peer(installed.ports[CLUSTER], TESTER) as tester:
        yield tester
        for place in (KEPT, FRESH, LAST, STATUS):
            tester.publish(place, b"", retain=True)


def address(installed: Trial) -> Address:
    login = installed.login(WORKER)
    return Address(LOOPBACK, installed.ports[CLUSTER], WORKER, login.password)


def told_by(link: TurnedLink, tester: Peer) -> list[Message]:
    """Return what a link has been told once the tester has said its last."""
    tester.publish(LAST, b"last")
    return told_until_last(link)


def told_until_last(link: TurnedLink) -> list[Message]:
    def came() -> bool:
        return any(one.topic == LAST for one in link.messages)

    link.turn_until(came, "last message")
    return [one for one in link.messages if one.topic != LAST]


@pytest.mark.parametrize("own", [True, False])
def test_what_is_its_own_comes_back_only_if_it_is_wanted(
    installed: Trial, tester: Peer, *, own: bool
) -> None:
    with TurnedLink(address(installed), {MEMBERS: Following(own=own)}) as link:
        link.publish(Parcel(FRESH, b"mine"))
        tester.publish(KEPT, b"another's")
        told = {one.payload for one in told_by(link, tester)}

        assert told == ({b"mine", b"another's"} if own else {b"another's"})


@pytest.mark.parametrize("kept", [True, False])
def test_what_is_retained_comes_only_if_it_is_wanted(
    installed: Trial, tester: Peer, *, kept: bool
) -> None:
    tester.publish(KEPT, b"old", retain=True)

    with TurnedLink(address(installed), {MEMBERS: Following(kept=kept)}) as link:
        tester.publish(FRESH, b"new")
        told = {one.payload for one in told_by(link, tester)}

        assert told == ({b"old", b"new"} if kept else {b"new"})


@pytest.mark.parametrize("shows", [True, False])
def test_whether_something_new_is_retained_is_seen_only_if_it_is_wanted(
    installed: Trial, tester: Peer, *, shows: bool
) -> None:
    how = Following(shows_retain=shows)
    with TurnedLink(address(installed), {MEMBERS: how}) as link:
        tester.publish(KEPT, b"x", retain=True)
        tester.publish(FRESH, b"x")
        told = {one.topic: one.retained for one in told_by(link, tester)}

        assert told == {KEPT: shows, FRESH: False}


def test_a_topic_is_followed_the_same_way_on_the_next_connection(
    installed: Trial, tester: Peer
) -> None:
    with TurnedLink(address(installed), {STATUS: Following()}) as link:
        link.follow(MEMBERS, Following(kept=False, shows_retain=True))
        link.link.give_up("for a change")
        link.turn_until(lambda: len(link.of(Connected)) == 2, "connection")
        tester.publish(KEPT, b"before", retain=True)
        link.follow(STATUS, Following())
        told = told_by(link, tester)

        assert [(one.payload, one.retained) for one in told] == [(b"before", True)]


def test_all_that_a_message_says_beside_its_payload_arrives(
    installed: Trial, tester: Peer
) -> None:
    del tester  # it clears what is retained
    with (
        TurnedLink(address(installed), {MEMBERS: Following()}) as hears,
        TurnedLink(address(installed), {STATUS: Following()}) as says,
    ):
        says.publish(Parcel(KEPT, b"x", 1, retain=True, extras=ALL))
        says.publish(Parcel(LAST, b"last"))
        (message,) = told_until_last(hears)

    assert (message.bridge_ms, message.worker_ms) == (1, 2)
    assert message.reply_to == "clients/ann/assignment/1"
    assert message.correlation == b"\0\1"
    assert message.expires_in_s is not None
    assert 290 < message.expires_in_s <= 300


def test_a_message_of_an_older_mqtt_says_nothing_beside_its_payload(
    installed: Trial,
) -> None:
    wishes = {topic.client_join("+"): Following(qos=1)}
    old = installed.login(ANYONE, "ann", V311)
    with (
        TurnedLink(address(installed), wishes) as link,
        Peer(installed.ports[CLUSTER], old) as ann,
    ):
        ann.publish(topic.client_join("ann"), b"x")
        link.turn_until(lambda: bool(link.messages), "join")
        (message,) = link.messages

    assert (message.reply_to, message.correlation) == (None, None)
    assert (message.expires_in_s, message.bridge_ms) == (None, None)


def test_what_has_expired_is_kept_no_more(installed: Trial, tester: Peer) -> None:
    late_login = replace(TESTER, client_id="late")

    def kept() -> set[str]:
        with Peer(installed.ports[CLUSTER], late_login) as late:
            late.subscribe(MEMBERS)
            late.catch_up()
            return late.topics

    with TurnedLink(address(installed), {STATUS: Following()}) as link:
        brief = Extras(expires_in_s=2)
        link.publish(Parcel(KEPT, b"x", 1, retain=True, extras=brief))
        link.publish(Parcel(FRESH, b"x", 1, retain=True))
        assert kept() == {KEPT, FRESH}

    del tester  # it clears what is left
    wait_until(lambda: kept() == {FRESH}, within_s=SOON_S, what="expiry")


def test_an_empty_parcel_takes_away_what_was_retained(
    installed: Trial, tester: Peer
) -> None:
    tester.publish(KEPT, b"old", retain=True)
    with TurnedLink(address(installed), {STATUS: Following()}) as link:
        link.publish(Parcel(KEPT, retain=True))

    with TurnedLink(address(installed), {MEMBERS: Following()}) as link:
        assert told_by(link, tester) == []


def willing(installed: Trial, payload: bytes) -> TurnedLink:
    """Return a link with a will, which the broker soon misses if it says nothing."""
    will = Parcel(STATUS, payload, 1, retain=True, extras=Extras(expires_in_s=300))
    return TurnedLink(
        address(installed), {MEMBERS: Following()}, will=will, keepalive_s=1
    )


def wait_for_will(tester: Peer, payload: bytes) -> None:
    tester.turn_until(
        lambda: any(one.payload == payload for one in tester.received), "will"
    )


def test_the_will_of_a_link_that_hangs_is_told_and_kept(
    installed: Trial, tester: Peer
) -> None:
    tester.subscribe(STATUS)
    with willing(installed, b"gone"):  # nobody turns it from here on
        wait_for_will(tester, b"gone")

    with TurnedLink(address(installed), {STATUS: Following()}) as late:
        (kept,) = late.messages
        assert (kept.payload, kept.retained) == (b"gone", True)
        assert kept.expires_in_s is not None


@pytest.mark.parametrize("by", ["close", "give_up"])
def test_the_will_of_a_link_that_takes_leave_is_not_told(
    installed: Trial, tester: Peer, by: str
) -> None:
    tester.subscribe(STATUS)
    with willing(installed, b"polite") as polite:
        if by == "close":
            polite.link.close()
        else:
            polite.link.give_up("enough")
        # It connected later, so its will is told later.
        with willing(installed, b"hung"):
            wait_for_will(tester, b"hung")

    assert [one.payload for one in tester.received] == [b"hung"]


def test_a_link_that_is_given_up_says_why_and_begins_another(
    installed: Trial, tester: Peer
) -> None:
    with TurnedLink(address(installed), {MEMBERS: Following()}) as link:
        link.link.give_up("hung for 4.0 s")
        link.link.publish(Parcel(FRESH, b"between two"))
        link.turn_until(lambda: len(link.of(Connected)) == 2, "connection")
        link.publish(Parcel(FRESH, b"on the second"))
        told = told_by(link, tester)

        assert link.losses == ["hung for 4.0 s"]
        assert [one.payload for one in told] == [b"on the second"]


def test_nothing_small_is_held_back_for_what_was_sent_before() -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:
        client = Address(LOOPBACK, listener.getsockname()[1]).client(None)
        client.connect(LOOPBACK, listener.getsockname()[1])
        connection = client.socket()
        assert isinstance(connection, socket.socket)
        held_back = not connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        connection.close()

    assert not held_back
