"""Which frames are news, how alive a room is, and how they reach their reader."""

import threading
from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.event import STALE_AFTER_S, Lost, Message, Tick
from clients.inbox import Inbox
from clients.liveness import State
from clients.newest import LiteFrame, Newest
from clients.place import BadPlace, Place
from clients.reception import Reception
from clients.sender import Accepted, Outcome, Unknown
from clients.steps import Joined
from clients.taps import QUEUED_MAX, Taps
from clients.worker.profiles import LITE
from clients.worker.wire import Assignment, BrokerAddress
from ingest.topics import RECORD_REACTIONS_MAX
from stream.frame import BadFrame, Frame, Pulse
from tests.frames import hearts

EPOCHS = "2026-11-20T18:00:00.000Z", "2026-11-20T19:00:00.000Z"
PULSE = Pulse(v=1, epoch=EPOCHS[0], sent_ms=0).encode()
RELAY = "relay/7/final/full"
SOON_S = 30


def frame(epoch: int = 0, seq: int = 1, start_ms: int = 2000, count: int = 1) -> Frame:
    return hearts(count, seq=seq, epoch=EPOCHS[epoch], start_ms=start_ms)


def message(at_s: float, payload: bytes, *, topic: str = RELAY) -> Message:
    where = "control/pulse" if payload == PULSE else topic
    return Message(at_s, where, payload, retained=False, bridge_ms=None, here_ms=0)


def joined(at_s: float) -> Joined:
    assignment = Assignment(topic=RELAY, slot="7", client_id="me")
    return Joined(at_s, assignment, BrokerAddress("h", 1, 2))


@pytest.mark.parametrize(
    ("later", "is_news"),
    [
        (frame(seq=2), True),
        (frame(start_ms=4000), True),
        (frame(epoch=1, seq=0), True),
        (frame(count=2), True),
        (frame(), False),
        (frame(seq=0, start_ms=4000, count=9), False),
        (frame(start_ms=0), False),
    ],
)
def test_news_is_what_is_newer_or_says_something_else(
    later: Frame,
    is_news: bool,  # noqa: FBT001 - a column of the table
) -> None:
    newest = Newest(Frame.decode)
    assert newest.take(frame().encode()) == frame()

    assert newest.take(later.encode()) == (later if is_news else None)


FRAMES = st.builds(
    frame, st.integers(0, 1), st.integers(0, 3), st.integers(0, 3), st.integers(1, 2)
)


@given(st.lists(FRAMES))
def test_what_is_taken_never_goes_backwards(frames: list[Frame]) -> None:
    newest = Newest(Frame.decode)
    taken = [one for one in frames if newest.take(one.encode())]

    assert [one.position for one in taken] == sorted(one.position for one in taken)
    best = max((one.position for one in frames), default=None)
    assert (taken[-1].position if taken else None) == best


@given(FRAMES)
def test_a_line_of_lite_is_read_as_it_was_written(one: Frame) -> None:
    read = LiteFrame.decode(LITE.render(one.encode()))

    assert (read.window_start_ms, read.total) == (one.window_start_ms, one.total)
    assert dict(read.pairs) == one.counts


@pytest.mark.parametrize("raw", [b"", b"1", b"x 1", b"1 2 a", b"1 2 a b", b"\xff 1"])
def test_what_is_no_line_of_lite_is_refused(raw: bytes) -> None:
    with pytest.raises(BadFrame):
        LiteFrame.decode(raw)


def test_frames_of_the_assigned_topic_count_and_no_others() -> None:
    room = Reception(Frame.decode)

    assert room.take(message(1, frame().encode())) is None
    room.take(joined(2))
    assert room.take(message(3, frame().encode(), topic="relay/8/final/full")) is None
    assert room.take(message(4, frame().encode())) == frame()


def test_a_relay_that_ends_takes_no_client_back() -> None:
    room = Reception(Frame.decode)
    for event in (joined(1), message(2, frame(seq=2).encode()), message(3, b"")):
        room.take(event)

    assert room.take(message(4, frame(seq=1).encode())) is None
    assert room.frame == frame(seq=2)


def test_a_reception_tells_how_alive_the_room_is() -> None:
    room = Reception(Frame.decode)
    states = []
    for event in (
        Tick(0),
        joined(1),
        message(2, PULSE),
        message(3, frame().encode()),
        message(7.5, PULSE),
        Tick(7.6 + STALE_AFTER_S),
        Lost(20, "gone"),
    ):
        room.take(event)
        states.append(room.state)

    assert states == [
        State.CONNECTING,
        State.CONNECTING,
        State.QUIET,
        State.LIVE,
        State.QUIET,
        State.STALE,
        State.CONNECTING,
    ]


def test_a_slow_reader_misses_the_oldest_and_what_comes_after_the_end() -> None:
    inbox: Inbox[int] = Inbox(2)
    for number in range(4):
        inbox.put(number)
    inbox.close(KeyError("why"))
    inbox.put(9)
    things = inbox.things()

    assert [next(things), next(things)] == [2, 3]
    with pytest.raises(KeyError):
        next(things)


def test_what_was_dropped_is_not_read_any_more() -> None:
    inbox: Inbox[int] = Inbox(2)
    inbox.put(1)
    inbox.drop()

    assert list(inbox.things()) == []


def place(client_id: str, *brokers: BrokerAddress) -> Place:
    return Place(client_id=client_id, brokers=brokers, slot="1", topic="t", spread_s=1)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        place("a/b", BrokerAddress("h", 1, 1)).encode(),
        place("a").encode(),
    ],
)
def test_a_place_where_nobody_could_join_is_refused(raw: bytes) -> None:
    with pytest.raises(BadPlace):
        Place.decode(raw)


class Post:
    """Keeps what is sent; until it is let go, nothing is answered."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.batches: list[list[dict[str, object]]] = []
        self.gate, self.arrived = threading.Event(), threading.Event()
        if is_open:
            self.gate.set()

    def send(self, body: bytes) -> Outcome:
        batch = msgspec.json.decode(body)
        self.batches.append(batch)
        self.arrived.set()
        if self.gate.wait(SOON_S):
            return Accepted(len(batch), Counter())
        return Unknown()


def taps(post: Post) -> Taps:
    return Taps("me", post, post.gate, ended=lambda: None)


def test_taps_of_a_moment_go_in_one_batch() -> None:
    post = Post()
    tapping = taps(post)
    for emoji in "🔥😂":
        assert tapping.add(emoji, 2)

    assert tapping.close(SOON_S).complete
    assert [[one["emoji_type"] for one in batch] for batch in post.batches] == [
        ["🔥", "🔥", "😂", "😂"]
    ]


def test_a_batch_waits_for_others_until_it_is_full() -> None:
    post = Post()
    tapping = Taps("me", post, post.gate, lambda: None, gathered_for_s=2 * SOON_S)
    tapping.add("🔥", 1)
    assert not post.arrived.wait(0.2)
    tapping.add("🔥", RECORD_REACTIONS_MAX - 1)

    assert post.arrived.wait(SOON_S)
    assert tapping.close(SOON_S).complete
    assert [len(batch) for batch in post.batches] == [RECORD_REACTIONS_MAX]


def test_no_batch_is_larger_than_a_server_takes() -> None:
    post = Post()
    tapping = taps(post)
    tapping.add("🔥", 2 * RECORD_REACTIONS_MAX + 1)

    assert tapping.close(SOON_S).accepted == 2 * RECORD_REACTIONS_MAX + 1
    assert [len(batch) for batch in post.batches] == [500, 500, 1]


def test_what_the_queue_does_not_hold_is_not_taken() -> None:
    tapping = taps(Post())

    assert not tapping.add("🔥", QUEUED_MAX + 1)
    assert tapping.add("🔥", 1)
    tally = tapping.close(SOON_S)
    assert (tally.asked, tally.accepted) == (QUEUED_MAX + 2, 1)


def test_closing_does_not_wait_longer_than_it_may() -> None:
    post = Post(is_open=False)
    tapping = taps(post)
    tapping.add("🔥", RECORD_REACTIONS_MAX + 1)

    tally = tapping.close(0.2)

    assert (tally.unknown, tally.asked - tally.settled) == (RECORD_REACTIONS_MAX, 1)
    assert not tapping.add("🔥", 1)
