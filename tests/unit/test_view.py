import pytest

from clients.cli.view import Hops, Row, Watching, leading
from clients.event import STALE_AFTER_S, Connected, Lost, Message, Tick
from clients.liveness import QUIET_AFTER_S, State
from stream.frame import Frame, Pulse, Times

EPOCH = "2026-11-20T18:00:00.000Z"
PULSE = Pulse(v=1, epoch=EPOCH, sent_ms=0).encode()


def frame(seq: int = 1, start_ms: int = 2000, **counts: int) -> Frame:
    every = sum(counts.values()) or 1
    return Frame(
        v=1,
        room="final",
        epoch=EPOCH,
        seq=seq,
        window_start_ms=start_ms,
        window_ms=2000,
        counts=counts,
        other=0,
        scaled=dict.fromkeys(counts, 1),
        share={emoji: count / every for emoji, count in counts.items()},
        mood={"joy": 1.0},
        sentiment={"positive": 1.0},
        total=every,
        totals={"🔥": 100, **counts},
        times=Times(appended_ms=1000, made_ms=1300),
    )


def arrived(
    what: Frame | bytes, at_s: float, *, retained: bool = False, room: str = "final"
) -> Message:
    payload = what if isinstance(what, bytes) else what.encode()
    topic = "control/pulse" if payload == PULSE else f"rooms/{room}/frame"
    return Message(at_s, topic, payload, retained, bridge_ms=1310, here_ms=1340)


def watching(*events: Tick) -> Watching:
    room = Watching("final")
    for event in events:
        room.take(event)
    return room


def test_before_the_broker_answers_it_is_connecting() -> None:
    assert watching().state is State.CONNECTING
    assert watching(Tick(100)).state is State.CONNECTING


def test_until_the_first_pulse_is_due_it_is_connecting_and_then_stale() -> None:
    assert watching(Connected(0), Tick(STALE_AFTER_S)).state is State.CONNECTING
    assert watching(Connected(0), Tick(STALE_AFTER_S + 0.1)).state is State.STALE


def test_a_pulse_without_frames_is_quiet() -> None:
    assert watching(Connected(0), arrived(PULSE, 1)).state is State.QUIET


def test_a_pulse_with_frames_is_live_until_frames_stop() -> None:
    events = Connected(0), arrived(PULSE, 1), arrived(frame(), 1)

    assert watching(*events).state is State.LIVE
    assert watching(*events, Tick(1 + QUIET_AFTER_S)).state is State.LIVE
    assert watching(*events, Tick(1.1 + QUIET_AFTER_S)).state is State.QUIET


def test_frames_without_a_pulse_are_stale_in_the_end() -> None:
    last_s = 1.1 + STALE_AFTER_S
    events = Connected(0), arrived(PULSE, 1), arrived(frame(), last_s)

    assert watching(*events).state is State.STALE


def test_a_retained_frame_is_shown_but_is_no_sign_of_life() -> None:
    kept = frame()
    room = watching(Connected(0), arrived(PULSE, 1), arrived(kept, 1, retained=True))

    assert room.frame == kept
    assert room.state is State.QUIET
    assert room.hops is None


def test_a_pulse_of_an_earlier_connection_does_not_count() -> None:
    room = watching(Connected(0), arrived(PULSE, 1), Lost(2, "gone"), Connected(3))

    assert room.state is State.CONNECTING


def test_a_lost_connection_says_why() -> None:
    room = watching(Connected(0), arrived(PULSE, 1), Lost(2, "gone"))

    assert (room.state, room.reason) == (State.CONNECTING, "gone")


@pytest.mark.parametrize(
    "older", [frame(seq=1, start_ms=4000), frame(seq=2, start_ms=2000)]
)
def test_a_frame_of_a_lower_position_is_ignored(older: Frame) -> None:
    newest = frame(seq=2, start_ms=4000, **{"❤️": 7})
    room = watching(Connected(0), arrived(newest, 1), arrived(older, 2))

    assert room.frame == newest


def test_a_replayed_trigger_may_say_something_else_at_the_same_position() -> None:
    first, again = frame(**{"❤️": 7}), frame(**{"❤️": 5})
    room = watching(Connected(0), arrived(first, 1), arrived(again, 2))

    assert room.frame == again


def test_the_same_frame_again_is_nothing_new() -> None:
    room = watching(Connected(0), arrived(PULSE, 1), arrived(frame(), 1))
    room.take(arrived(PULSE, 9))
    room.take(arrived(frame(), 9))

    assert room.state is State.QUIET


def test_a_frame_of_another_room_is_not_ours() -> None:
    assert watching(arrived(frame(), 1, room="semi")).frame is None


def test_an_empty_payload_takes_the_room_back() -> None:
    room = watching(arrived(frame(), 1), arrived(b"", 2))

    assert (room.frame, room.rows(), room.unreadable) == (None, [], None)


def test_an_unreadable_frame_is_remembered_once_and_the_rest_goes_on() -> None:
    room = watching(arrived(b"{}", 1), arrived(b"x", 2), arrived(frame(), 3))

    assert room.unreadable
    assert room.unreadable.startswith("rooms/final/frame: not a frame: Object missing")
    assert room.frame == frame()


def test_rows_are_of_the_window_first_and_then_of_the_room() -> None:
    room = watching(arrived(frame(**{"😂": 1, "❤️": 3}), 1))

    assert room.rows() == [
        Row("❤️", count=3, share=0.75, scaled=1, total=3),
        Row("😂", count=1, share=0.25, scaled=1, total=1),
        Row("🔥", count=0, share=0.0, scaled=0, total=100),
    ]


def test_without_a_frame_there_are_no_rows() -> None:
    assert watching().rows() == []


def test_hops_tell_each_leg_and_the_whole_way() -> None:
    assert Hops.of(frame(), arrived(frame(), 1)).spans() == [
        ("stored→made", 300),
        ("made→bridge", 10),
        ("bridge→here", 30),
        ("all", 340),
    ]


def test_hops_without_the_bridge_leave_its_leg_out() -> None:
    hops = Hops(appended_ms=1, made_ms=2, bridge_ms=None, here_ms=4)

    assert hops.spans() == [("stored→made", 1), ("made→here", 2), ("all", 3)]


def test_the_largest_share_leads() -> None:
    assert leading({"joy": 0.2, "love": 0.8}) == ("love", 0.8)
    assert leading(None) == ("-", 0.0)
