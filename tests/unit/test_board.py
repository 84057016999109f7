import pytest

from clients.event import STALE_AFTER_S, CaughtUp, Connected, Event, Lost, Message, Tick
from clients.web.board import ASKED_WITHIN_S, Board
from mosquitto.topic import CONTROL_PULSE, room_frame
from stream.frame import Frame, Pulse
from tests.frames import frame

PULSE = Pulse(v=1, epoch="e", sent_ms=0).encode()


def message(topic: str, payload: bytes, at_s: float = 0) -> Message:
    return Message(at_s, topic, payload, retained=False, bridge_ms=None, here_ms=0)


def pulse(at_s: float = 0) -> Message:
    return message(CONTROL_PULSE, PULSE, at_s)


def of(one: Frame) -> Message:
    return message(room_frame(one.room), one.encode())


def caught_up(*rooms: str) -> CaughtUp:
    return CaughtUp(0, frozenset(map(room_frame, rooms)))


def board_after(*events: Event, rooms: tuple[str, ...] = ("final",)) -> Board:
    board = Board(rooms_max=2)
    for room in rooms:
        board.ask(room, 0)
    for event in (Connected(0), pulse(), *events):
        board.take(event)
    return board


def shown(board: Board, room: str = "final") -> bytes | None:
    assert board.knows(room)
    held = board.newest(room)
    return held.payload if held else None


def test_the_newest_frame_wins() -> None:
    board = board_after(of(frame("final", 1, 1)), of(frame("final", 2, 1)))

    assert shown(board) == frame("final", 2, 1).encode()


@pytest.mark.parametrize(
    "older",
    [
        pytest.param(frame("final", 4, 9), id="of an earlier trigger"),
        pytest.param(frame("final", 5, 4), id="of the same trigger's older window"),
        pytest.param(frame("final", 9, 9, epoch=1), id="of an earlier epoch"),
    ],
)
def test_an_older_frame_does_not(older: Frame) -> None:
    newest = frame("final", 5, 5, epoch=2)

    assert shown(board_after(of(newest), of(older))) == newest.encode()


def test_a_new_epoch_begins_its_numbers_anew() -> None:
    after = frame("final", 0, 1, epoch=2)

    assert shown(board_after(of(frame("final", 9, 9)), of(after))) == after.encode()


def test_a_replay_may_write_a_frame_anew_and_its_tag_tells() -> None:
    before, anew = frame("final", 5, 5, total=1), frame("final", 5, 5, total=2)
    first = board_after(of(before)).newest("final")
    second = board_after(of(before), of(anew)).newest("final")

    assert second
    assert first
    assert second.payload == anew.encode()
    assert first.position == second.position
    assert first.tag != second.tag


def test_a_room_is_not_known_before_what_is_retained_has_come() -> None:
    board = board_after(caught_up("other"))
    assert not board.knows("final")

    board.take(caught_up("final"))
    assert shown(board) is None


def test_what_an_earlier_wish_brought_says_nothing_of_a_room_asked_for_anew() -> None:
    board = board_after(rooms=("final",))
    board.follows("final", wish=1)
    board.forget(2 * ASKED_WITHIN_S)
    board.take(of(frame("final", 1, 1)))  # nobody asks for it now
    board.ask("final", 2 * ASKED_WITHIN_S)
    board.follows("final", wish=3)

    board.take(CaughtUp(0, frozenset({room_frame("final")}), wish=1))
    assert not board.knows("final")

    board.take(CaughtUp(0, frozenset({room_frame("final")}), wish=3))
    assert shown(board) is None


def test_a_frame_is_known_as_soon_as_it_comes() -> None:
    board = board_after(of(frame("final", 1, 1)))

    assert shown(board) == frame("final", 1, 1).encode()


def test_a_room_that_was_taken_away_has_no_frame() -> None:
    board = board_after(of(frame("final", 1, 1)), message(room_frame("final"), b""))

    assert shown(board) is None


def test_what_is_no_frame_changes_nothing() -> None:
    good = frame("final", 1, 1)
    board = board_after(
        of(good),
        message(room_frame("final"), b"\xff{"),
        message(room_frame("stranger"), good.encode()),
        message("elsewhere", b"x"),
    )

    assert shown(board) == good.encode()
    assert len(board) == 1


def test_a_new_connection_knows_nothing_of_what_was_before() -> None:
    board = board_after(of(frame("final", 1, 1)), Lost(1, "cut"), Connected(2))
    assert not board.knows("final")
    assert not board.is_live(2)

    board.take(caught_up("final"))
    assert shown(board) is None


def test_it_lives_as_long_as_pulses_come() -> None:
    board = board_after(Tick(1), pulse(at_s=10))

    assert board.is_live(10 + STALE_AFTER_S)
    assert not board.is_live(10.1 + STALE_AFTER_S)


def test_without_a_pulse_on_this_connection_it_does_not_live() -> None:
    board = Board()
    for event in (pulse(at_s=1), Lost(1, "cut"), Connected(1)):
        board.take(event)

    assert board.connected
    assert not board.is_live(1)


def test_a_lost_connection_is_not_there() -> None:
    board = board_after(Lost(1, "cut"))

    assert not board.connected
    assert not board.is_live(1)


def test_what_is_no_pulse_is_no_sign_of_life() -> None:
    board = board_after(Connected(5), message(CONTROL_PULSE, b"{}", at_s=5))

    assert not board.is_live(5)


def test_a_room_is_followed_once() -> None:
    board = Board()

    assert board.ask("final", 0)
    assert not board.ask("final", 0)


def test_beyond_the_limit_whoever_was_asked_for_longest_ago_goes() -> None:
    board = board_after(rooms=("first", "second"))
    board.ask("first", 1)
    assert board.forget(1) == []

    board.ask("third", 1)

    assert board.forget(1) == ["second"]
    assert board.ask("second", 1)  # so it is followed again
    assert board.forget(1) == ["first"]
    assert len(board) == 2


def test_a_room_that_nobody_asks_for_is_not_followed_for_ever() -> None:
    board = board_after(rooms=("first", "second"))
    board.ask("first", 1)

    assert board.forget(ASKED_WITHIN_S) == []
    assert board.forget(ASKED_WITHIN_S + 0.5) == ["second"]
    assert not board.knows("second")
