"""A link to a real main broker, as its bridge and its operators see it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clients.event import CaughtUp, Connected, Event, Lost, Message
from clients.link import TOPICS_PER_PACKET, Address, Link
from compose.brokers import MAIN, config_path
from compose.credentials import Credentials
from compose.settings import Settings
from mosquitto.acl import BRIDGE, WEB
from mosquitto.topic import BRIDGE_TIME, CONTROL_PULSE, room_frame
from tests.integration.broker import BrokerProcess, install, running
from tests.integration.mqtt_peer import Login, Peer
from tests.integration.processes import LOOPBACK, wait_until

SOON_S = 30
LONG_NAME = "room-with-a-name-that-is-as-long-as-the-name-of-a-room-may-be-"


class Installed:
    """A main broker, and who may write to it."""

    def __init__(self, folder: Path) -> None:
        self.settings, self.credentials = install(folder, clusters=1)

    @contextmanager
    def main(self) -> Iterator[BrokerProcess]:
        """Run it."""
        port = self.settings.main_port
        with running(config_path(self.settings, MAIN), port) as broker:
            yield broker

    def bridge(self) -> Peer:
        """Connect as the bridge."""
        password = self.credentials.passwords[BRIDGE]
        return Peer(self.settings.main_port, Login(BRIDGE, password))


class Listener:
    """Keeps what a link hears, in a thread of its own."""

    def __init__(self, settings: Settings, credentials: Credentials) -> None:
        self.heard: list[Event] = []
        password = credentials.passwords[WEB]
        main = Address(LOOPBACK, settings.main_port, WEB, password, "listener")
        self.link = Link(main, (CONTROL_PULSE,), wait_max_s=0.5)
        self._ending = False
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def close(self) -> None:
        self._ending = True
        self._thread.join(SOON_S)

    def payloads(self, topic: str) -> list[bytes]:
        """Return what came under a topic."""
        messages = (event for event in self.heard if isinstance(event, Message))
        return [message.payload for message in messages if message.topic == topic]

    def wait_for(self, kind: type[Event], times: int = 1) -> None:
        """Wait until this has happened so often."""

        def often() -> bool:
            return sum(type(event) is kind for event in [*self.heard]) >= times

        wait_until(often, within_s=SOON_S, what=f"{times} x {kind.__name__}")

    def wait_for_wish(self, wish: int) -> None:
        """Wait until all is there that this wish was to bring."""

        def came() -> bool:
            events = [event for event in [*self.heard] if isinstance(event, CaughtUp)]
            return any(event.wish >= wish for event in events)

        wait_until(came, within_s=SOON_S, what=f"wish {wish}")

    def wait_for_payload(self, topic: str, payload: bytes) -> None:
        wait_until(
            lambda: payload in self.payloads(topic), within_s=SOON_S, what=str(payload)
        )

    def _listen(self) -> None:
        for event in self.link.events():
            if self._ending:
                break
            self.heard.append(event)
        self.link.close()


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    return Installed(tmp_path)


@pytest.fixture
def main(installed: Installed) -> Iterator[BrokerProcess]:
    with installed.main() as broker:
        yield broker


@pytest.fixture
def listener(installed: Installed, main: BrokerProcess) -> Iterator[Listener]:
    del main  # it is there first
    listener = Listener(installed.settings, installed.credentials)
    listener.wait_for(CaughtUp)
    yield listener
    listener.close()


def test_all_that_is_retained_comes_before_it_has_caught_up(
    installed: Installed, listener: Listener
) -> None:
    """More topics than one packet takes, each retained."""
    rooms = [f"{LONG_NAME}{n}"[-63:] for n in range(100, 110 + 3 * TOPICS_PER_PACKET)]
    topics = [room_frame(room) for room in rooms]
    with installed.bridge() as bridge:
        for topic in topics:
            bridge.publish(topic, topic.encode(), retain=True)
    for topic in topics:
        listener.link.follow(topic)

    def caught_up() -> set[str]:
        events = [event for event in [*listener.heard] if isinstance(event, CaughtUp)]
        return {topic for event in events for topic in event.topics}

    wait_until(lambda: caught_up() >= set(topics), within_s=SOON_S, what="all")
    missing = set(topics)
    for event in listener.heard:
        if isinstance(event, Message):
            missing.discard(event.topic)
        elif isinstance(event, CaughtUp):
            assert not missing & event.topics


def test_who_follows_a_topic_anew_can_tell_when_that_has_caught_up(
    listener: Listener,
) -> None:
    topic = room_frame("final")
    first = listener.link.follow(topic)
    listener.wait_for(CaughtUp, times=2)
    listener.link.drop(topic)
    second = listener.link.follow(topic)
    listener.wait_for(CaughtUp, times=3)

    caught_up = [event for event in listener.heard if isinstance(event, CaughtUp)]
    assert [event.wish for event in caught_up] == [0, first, second]
    assert first < second


def test_a_topic_that_is_dropped_is_heard_no_more(
    installed: Installed, listener: Listener
) -> None:
    kept, dropped = room_frame("kept"), room_frame("dropped")
    listener.link.follow(kept)
    listener.wait_for_wish(listener.link.follow(dropped))
    with installed.bridge() as bridge:
        for topic in (dropped, kept):
            bridge.publish(topic, b"1")
        listener.wait_for_payload(kept, b"1")
        listener.link.drop(dropped)
        listener.wait_for_wish(listener.link.follow(kept))
        for topic in (dropped, kept):
            bridge.publish(topic, b"2")
        listener.wait_for_payload(kept, b"2")

    assert listener.payloads(dropped) == [b"1"]


@pytest.mark.parametrize(
    ("text", "read"),
    [("1310", 1310), ("9" * 15, 10**15 - 1), ("9" * 5000, None), ("-1", None)],
)
def test_the_bridges_time_is_read_in_the_form_we_know(
    installed: Installed, listener: Listener, text: str, read: int | None
) -> None:
    with installed.bridge() as bridge:
        bridge.publish(CONTROL_PULSE, b"1", named=(BRIDGE_TIME, text))

    listener.wait_for(Message)
    (message,) = (one for one in listener.heard if isinstance(one, Message))
    assert message.bridge_ms == read


def test_after_an_outage_everything_is_followed_again(
    installed: Installed, main: BrokerProcess, listener: Listener
) -> None:
    topic = room_frame("final")
    listener.wait_for_wish(listener.link.follow(topic))

    main.kill()
    listener.wait_for(Lost)
    wish = listener.link.follow(room_frame("asked-meanwhile"))
    main.start()
    listener.wait_for(Connected, times=2)
    listener.wait_for_wish(wish)
    with installed.bridge() as bridge:
        bridge.publish(topic, b"x")
        bridge.publish(room_frame("asked-meanwhile"), b"y")

    listener.wait_for_payload(topic, b"x")
    listener.wait_for_payload(room_frame("asked-meanwhile"), b"y")


def test_who_is_refused_is_told_why_and_tries_again(
    installed: Installed, main: BrokerProcess
) -> None:
    del main
    wrong = Credentials({WEB: "wrong"}, "", "")
    listener = Listener(installed.settings, wrong)
    try:
        listener.wait_for(Lost, times=2)
    finally:
        listener.close()

    assert "Not authorized" in str(listener.heard)
    assert "wrong" not in str(listener.heard)
