import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, Queue

import pytest

from clients.event import (
    STALE_AFTER_S,
    CaughtUp,
    Connected,
    Event,
    Lost,
    Message,
    Tick,
)
from clients.web.board import Board
from clients.web.frames import RoomFrames
from clients.web.listener import Listener
from clients.web.refusal import NoFrame, Stale
from mosquitto.topic import CONTROL_PULSE, room_frame, room_of
from stream.frame import Frame, Pulse
from tests.frames import frame

FINAL = frame("final", 1, 1)
PULSE = Pulse(v=1, epoch="e", sent_ms=0).encode()
SOON_S = 20


class Main:
    """A link to a main broker that retains frames; it may hang."""

    def __init__(self, *retained: Frame) -> None:
        self.retained = {one.room: one for one in retained}
        self.hangs = False
        self.followed: list[str] = []
        self.dropped: list[str] = []
        self.asked = threading.Semaphore(0)
        self._events: Queue[Event] = Queue()

    def happens(self, *events: Event) -> None:
        """Return once the listener is done with these."""
        for event in events:
            self._events.put(event)
        self._events.join()

    def events(self) -> Iterator[Event]:
        while True:
            try:
                yield self._events.get(timeout=0.01)
            except Empty:
                yield Tick(0)
            else:
                self._events.task_done()

    def follow(self, topic: str) -> int:
        self.followed.append(topic)
        self.asked.release()
        wish = len(self.followed)
        if self.hangs:
            return wish
        room = room_of(topic)
        if room in self.retained:
            self._events.put(message(topic, self.retained[room].encode()))
        self._events.put(CaughtUp(0, frozenset({topic}), wish))
        return wish

    def drop(self, topic: str) -> None:
        self.dropped.append(topic)

    def close(self) -> None:
        pass


def message(topic: str, payload: bytes) -> Message:
    return Message(0, topic, payload, retained=True, bridge_ms=None, here_ms=0)


CONNECTED = (Connected(0), message(CONTROL_PULSE, PULSE))
Reading = Callable[..., RoomFrames]


@pytest.fixture
def reading() -> Iterator[Reading]:
    """Return what starts to read from a main; all of it ends after the test."""
    started: list[Listener] = []

    def start(
        main: Main,
        *events: Event,
        rooms_max: int = 10,
        answer_within_s: float = 2 * SOON_S,
        clock: Callable[[], float] = lambda: 0,
    ) -> RoomFrames:
        changed = threading.Condition()
        frames = RoomFrames(
            main,
            Board(rooms_max),
            changed,
            waiting_max=1,
            answer_within_s=answer_within_s,
            clock=clock,
        )
        listener = Listener(main, (frames,), changed)
        listener.start()
        started.append(listener)
        main.happens(*(events or CONNECTED))
        return frames

    yield start
    for listener in started:
        listener.close()


def test_a_rooms_frame_is_what_main_retains_byte_by_byte(reading: Reading) -> None:
    frames = reading(Main(FINAL))

    assert frames.newest("final").payload == FINAL.encode()


def test_a_room_that_is_followed_is_answered_from_memory(reading: Reading) -> None:
    main, newer = Main(FINAL), frame("final", 2, 2)
    frames = reading(main)
    frames.newest("final")
    main.happens(message(room_frame("final"), newer.encode()))

    assert frames.newest("final").payload == newer.encode()
    assert main.followed == [room_frame("final")]


def test_a_room_that_never_had_a_frame_has_none(reading: Reading) -> None:
    frames = reading(Main(FINAL))

    with pytest.raises(NoFrame):
        frames.newest("quiet")


@pytest.mark.parametrize(
    "events",
    [
        pytest.param((Tick(0),), id="before it is connected"),
        pytest.param((Connected(0),), id="before the first pulse"),
        pytest.param((*CONNECTED, Lost(0, "cut")), id="when the connection is lost"),
    ],
)
def test_nothing_is_newest_while_it_cannot_be_known(
    reading: Reading, events: tuple[Event, ...]
) -> None:
    main = Main(FINAL)
    frames = reading(main, *events)

    with pytest.raises(Stale):
        frames.newest("final")
    assert main.followed == []


def test_without_a_pulse_what_was_known_is_stale(reading: Reading) -> None:
    clock = [0.0]
    frames = reading(Main(FINAL), clock=lambda: clock[0])
    frames.newest("final")
    clock[0] = STALE_AFTER_S + 0.1

    with pytest.raises(Stale) as refused:
        frames.newest("final")
    assert "pulse" in refused.value.help


def test_who_waits_for_a_main_that_hangs_is_answered(reading: Reading) -> None:
    main = Main(FINAL)
    main.hangs = True
    frames = reading(main, answer_within_s=0.05)

    with pytest.raises(Stale):
        frames.newest("final")


def test_no_more_than_a_few_threads_wait_for_a_main_that_hangs(
    reading: Reading,
) -> None:
    main = Main(FINAL)
    main.hangs = True
    frames = reading(main)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(frames.newest, "final")
        assert main.asked.acquire(timeout=SOON_S)

        with pytest.raises(Stale) as refused:
            frames.newest("other")

        main.happens(message(room_frame("final"), FINAL.encode()))
        assert waiting.result(SOON_S).payload == FINAL.encode()
    assert "Too many" in refused.value.help


def test_who_waits_while_the_connection_is_lost_is_told_at_once(
    reading: Reading,
) -> None:
    main = Main(FINAL)
    main.hangs = True
    frames = reading(main)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(frames.newest, "final")
        assert main.asked.acquire(timeout=SOON_S)
        main.happens(Lost(0, "cut"))

        with pytest.raises(Stale) as refused:
            waiting.result(SOON_S)
    assert refused.value.help.startswith("The main broker does not answer:")


def test_rooms_beyond_the_limit_are_dropped(reading: Reading) -> None:
    main = Main(FINAL, frame("second", 1, 1))
    frames = reading(main, rooms_max=1)
    frames.newest("final")
    frames.newest("second")
    main.happens(Tick(0))

    assert main.dropped == [room_frame("final")]


def test_it_says_why_nothing_can_be_read(reading: Reading) -> None:
    main = Main()
    frames = reading(main)
    assert frames.problem() is None

    main.happens(Lost(0, "cut"))
    assert frames.problem() == "The main broker does not answer"
