"""When a client that moves leaves the place before, and what its user hears of it."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.event import CaughtUp, Connected, Event, Lost, Message, Tick
from clients.liveness import State
from clients.place import Place
from clients.reception import Reception
from clients.steps import (
    Connect,
    Disconnect,
    Follow,
    Joined,
    NotAdmitted,
    Placed,
    Publish,
    PutOff,
    Register,
)
from clients.succession import QUIET_FOR_S, Do, Succession
from clients.worker.wire import (
    Assignment,
    BrokerAddress,
    Join,
    JoinProblem,
    Move,
    Moves,
)
from mosquitto import topic
from stream.frame import Frame, Pulse
from tests.frames import hearts

RELAY = "relay/{}/final/full"
PULSE = Pulse(v=1, epoch="2026-11-20T18:00:00.000Z", sent_ms=0).encode()

Make = Callable[[float, int], Event | Placed | PutOff]


def frame(seq: int) -> Frame:
    return hearts(seq, seq=seq, start_ms=2000 * seq)


def came(seq: int, *, retained: bool = False) -> Make:
    def make(at_s: float, leg: int) -> Message:
        place = RELAY.format(leg)
        return Message(at_s, place, frame(seq).encode(), retained, None, 0)

    return make


def pulse(at_s: float, _leg: int) -> Message:
    return Message(at_s, topic.CONTROL_PULSE, PULSE, False, None, 0)  # noqa: FBT003


def tick(at_s: float, _leg: int) -> Tick:
    return Tick(at_s)


def placed(at_s: float, leg: int) -> Placed:
    brokers = (BrokerAddress(f"host-{leg}", 1, 2),)
    place = Place(
        client_id=f"id-{leg}", brokers=brokers, slot="1", topic="t", spread_s=1
    )
    return Placed(at_s, place)


def put_off(at_s: float, _leg: int) -> PutOff:
    return PutOff(at_s, "full")


def connected(at_s: float, _leg: int) -> Connected:
    return Connected(at_s)


def lost(at_s: float, _leg: int) -> Lost:
    return Lost(at_s, "gone")


def caught_up(at_s: float, leg: int) -> CaughtUp:
    return CaughtUp(at_s, frozenset({RELAY.format(leg)}))


def caught_up_elsewhere(at_s: float, leg: int) -> CaughtUp:
    return CaughtUp(at_s, frozenset({topic.client_assignment(f"id-{leg}")}))


def answered(at_s: float, leg: int) -> Message:
    answer = Assignment(
        room="final",
        profile="full",
        cluster=f"cluster-{leg}",
        topic=RELAY.format(leg),
        lease_s=300,
    )
    return told(at_s, leg, answer)


def refused(at_s: float, leg: int) -> Message:
    return told(at_s, leg, Assignment.refusing(JoinProblem.DRAINING))


def unwanted(at_s: float, leg: int) -> Message:
    return told(at_s, leg, Assignment.refusing(JoinProblem.BAD_ROOM))


def told(at_s: float, leg: int, answer: Assignment) -> Message:
    place = topic.client_assignment(f"id-{leg}")
    return Message(at_s, place, answer.encode(), False, None, 0)  # noqa: FBT003


def asked(*legs: int) -> Make:
    """Return what asks the clients of some legs' clusters to leave."""
    raw = Moves({f"cluster-{leg}": Move(0) for leg in legs}).encode()
    return lambda at_s, _: Message(at_s, topic.CONTROL_MOVE, raw, True, None, 0)  # noqa: FBT003


class Trial:
    """A succession, a clock that a test moves, and what became of it."""

    def __init__(self) -> None:
        self.succession = Succession(Join("final"), lambda: 0.0)
        self.now_s = 1000.0
        self.heard: list[Event] = []
        self.done: list[Do] = []

    def take(self, leg: int, *makes: Make) -> "Trial":
        for make in makes:
            for step in self.succession.take(leg, make(self.now_s, leg)):
                if isinstance(step, Do):
                    self.done.append(step)
                else:
                    self.heard.append(step)
        return self

    def served(self) -> "Trial":
        """Be served in the first place, by a room's first frame and a pulse."""
        self.take(0, tick, placed, connected, answered, came(1), pulse)
        return self

    def moving(self) -> "Trial":
        """Be asked to leave; have a next leg that has done nothing yet."""
        self.served().take(0, asked(0), tick)
        assert self.legs() == (0, 1)
        self.clear()
        return self

    def prepared(self) -> "Trial":
        """Have joined in the next place, too."""
        self.moving().take(1, tick, placed, connected, answered)
        assert self.heard == []
        self.clear()
        return self

    def legs(self) -> tuple[int, ...]:
        return self.succession.legs

    def clear(self) -> None:
        self.heard.clear()
        self.done.clear()

    @property
    def frames(self) -> list[int]:
        """The frames that the user has heard of, in order."""
        return [
            Frame.decode(one.payload).total
            for one in self.heard
            if isinstance(one, Message) and one.topic.startswith("relay/")
        ]

    @property
    def joined(self) -> list[Joined]:
        return [one for one in self.heard if isinstance(one, Joined)]


def test_the_next_place_is_joined_while_the_one_before_serves() -> None:
    trial = Trial().moving()

    trial.take(1, tick, placed, connected, answered).take(0, came(2))

    actions = [(one.leg, type(one.action)) for one in trial.done]
    assert actions == [(1, Register), (1, Connect), (1, Publish), (1, Follow)]
    assert trial.frames == [2]


def test_the_place_before_is_left_when_both_are_at_the_same_frame() -> None:
    trial = Trial().prepared()

    trial.take(1, came(2), came(3)).take(0, pulse)
    assert trial.done == []
    trial.take(0, came(2))

    assert trial.frames == [2, 2, 3]
    assert trial.done == [Do(0, Disconnect())]
    assert [one.is_move for one in trial.joined] == [True]
    assert trial.legs() == (1,)


@pytest.mark.parametrize("reached", [2, 3])
def test_what_came_already_over_the_one_before_need_not_come_again(
    reached: int,
) -> None:
    trial = Trial().prepared().take(0, came(reached)).take(1, came(2))

    assert trial.legs() == (1,)


def test_an_old_frame_that_is_retained_does_not_tell_that_new_ones_come() -> None:
    trial = Trial().prepared().take(0, came(2))
    trial.take(1, came(1, retained=True))
    assert trial.legs() == (0, 1)

    trial.take(1, came(2))
    assert trial.legs() == (1,)


def test_the_newest_that_is_retained_does() -> None:
    trial = Trial().prepared().take(1, came(1, retained=True))

    assert trial.legs() == (1,)


def test_what_came_again_and_is_old_does_not_count() -> None:
    trial = Trial().prepared().take(0, came(2), came(1)).take(1, came(2))

    assert trial.legs() == (1,)


def test_a_quiet_room_is_left_after_three_seconds() -> None:
    trial = Trial().prepared().take(1, caught_up)
    trial.now_s += QUIET_FOR_S - 0.1
    trial.take(0, tick).take(1, tick)
    assert trial.legs() == (0, 1)

    trial.now_s += 0.1
    trial.take(1, tick)
    assert trial.legs() == (1,)
    assert trial.done == [Do(0, Disconnect())]


def test_it_is_not_left_before_the_next_would_hear_of_a_frame() -> None:
    trial = Trial().prepared().take(1, caught_up_elsewhere)
    trial.now_s += QUIET_FOR_S + 10
    trial.take(1, tick).take(0, tick)
    assert trial.legs() == (0, 1)

    trial.take(1, caught_up)
    trial.now_s += QUIET_FOR_S - 0.1
    trial.take(1, tick)
    assert trial.legs() == (0, 1)


def test_as_long_as_it_alone_brings_frames_it_is_not_left() -> None:
    trial = Trial().prepared().take(1, caught_up)
    for seq in range(2, 30):
        trial.now_s += QUIET_FOR_S - 0.1
        trial.take(0, came(seq)).take(1, pulse)
        assert trial.legs() == (0, 1)

    trial.take(1, came(30)).take(0, came(30))
    assert trial.legs() == (1,)
    assert {*trial.frames} == {*range(2, 31)}


def test_the_same_frame_again_is_no_new_one() -> None:
    trial = Trial().prepared().take(1, caught_up)
    for _ in range(4):
        trial.now_s += QUIET_FOR_S / 4
        trial.take(0, came(1))

    assert trial.legs() == (1,)


@pytest.mark.parametrize(
    "done", [[], [tick], [tick, placed], [tick, placed, connected]]
)
def test_a_move_that_is_withdrawn_is_not_made(done: list[Make]) -> None:
    trial = Trial().moving().take(1, *done).take(0, asked())
    assert trial.legs() == (0,)
    assert trial.done[-1] == Do(1, Disconnect())

    trial.clear()
    trial.take(1, placed, answered, came(2)).take(0, came(2))
    assert trial.done == []
    assert trial.frames == [2]


def test_a_move_that_is_only_hurried_is_made() -> None:
    raw = Moves({"cluster-0": Move(7)}).encode()
    trial = Trial().moving()
    trial.take(0, lambda s, _: Message(s, topic.CONTROL_MOVE, raw, False, None, 0))  # noqa: FBT003

    assert trial.legs() == (0, 1)


def test_who_has_joined_already_when_it_is_withdrawn_goes() -> None:
    trial = Trial().prepared().take(0, asked()).take(1, came(1))

    assert trial.legs() == (1,)


def test_but_not_if_that_place_dies_first() -> None:
    trial = Trial().prepared().take(0, asked()).take(1, lost)

    assert trial.legs() == (0,)


def test_whoever_is_asked_once_more_begins_anew() -> None:
    trial = Trial().moving().take(1, tick).take(0, asked(), asked(0), tick)

    assert trial.legs() == (0, 2)
    trial.clear()
    trial.take(1, placed).take(2, tick)
    assert trial.done == [Do(2, Register())]


def test_whom_the_next_will_never_take_is_served_on() -> None:
    trial = Trial().moving().take(1, tick, placed, connected, unwanted)
    trial.take(0, came(2))

    assert trial.frames == [2]
    with pytest.raises(NotAdmitted):
        Trial().take(0, tick, placed, connected, unwanted)


def test_who_gets_no_place_is_served_on_where_it_is() -> None:
    trial = Trial().moving()
    for seq in range(2, 30):
        trial.now_s += 10
        trial.take(1, tick, put_off).take(0, came(seq))

    assert trial.frames == [*range(2, 30)]
    assert not [one for one in trial.heard if isinstance(one, Lost)]
    assert {type(one.action) for one in trial.done if one.leg == 1} == {Register}
    assert len(trial.done) > 20


def test_whom_the_next_cluster_does_not_take_asks_for_another_place() -> None:
    trial = Trial().moving().take(1, tick, placed, connected, refused)
    trial.now_s += 1
    trial.take(1, tick)

    assert [type(one.action) for one in trial.done][-2:] == [Disconnect, Register]
    assert trial.heard == []


def test_if_the_place_before_dies_the_next_goes_on_alone() -> None:
    trial = Trial().moving().take(1, tick, placed).take(0, lost)
    assert trial.heard == [Lost(trial.now_s, "gone")]
    assert trial.legs() == (1,)

    trial.take(1, connected, answered, came(2))
    assert trial.frames == [2]
    assert [one.is_move for one in trial.joined] == [False]


def test_if_it_dies_when_the_next_serves_already_nothing_is_lost() -> None:
    trial = Trial().prepared().take(1, came(2), came(3)).take(0, lost)

    assert not [one for one in trial.heard if isinstance(one, Lost)]
    assert trial.frames == [2, 3]
    assert trial.legs() == (1,)


def test_what_a_next_place_had_that_died_does_not_count() -> None:
    trial = Trial().prepared().take(1, came(2), lost)
    trial.take(0, came(2))

    assert trial.legs() == (0, 1)
    assert trial.frames == [2]


def test_who_is_to_leave_the_next_place_too_moves_on_from_there() -> None:
    trial = Trial().prepared().take(1, asked(0, 1), tick).take(1, came(1))

    assert trial.legs() == (1, 2)
    assert trial.take(2, tick).done[-1] == Do(2, Register())


def test_from_there_it_moves_on_when_it_has_what_came_before() -> None:
    trial = Trial().prepared().take(1, asked(1), tick, came(2), came(3))
    trial.take(0, came(2)).take(2, tick, placed, connected, answered)
    assert trial.legs() == (1, 2)

    trial.take(2, came(3, retained=True))
    assert trial.legs() == (2,)


def test_who_was_to_leave_a_next_place_that_died_does_not_move_on() -> None:
    trial = Trial().prepared().take(1, asked(0, 1), tick, lost)
    trial.now_s += 1
    trial.take(1, tick, placed, connected, answered, came(1))

    assert trial.legs() == (1,)


def test_a_move_is_not_to_be_seen() -> None:
    trial, room = Trial().served(), Reception(Frame.decode)
    trial.take(0, asked(0), tick).take(1, tick, placed, connected, answered)
    trial.now_s += 1
    trial.take(0, came(2)).take(1, came(2), tick).take(1, came(3))

    states = []
    for event in trial.heard:
        room.take(event)
        states.append(room.state)
    seen = states[states.index(State.LIVE) :]
    assert {*seen} == {State.LIVE}
    assert room.joined
    assert room.joined.broker.host == "host-1"


MAKES: list[Make] = [
    tick,
    connected,
    answered,
    refused,
    caught_up,
    lost,
    pulse,
    asked(0, 1, 2, 3),
    asked(),
    *(came(seq) for seq in range(4)),
    came(1, retained=True),
    placed,
    put_off,
]


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from(MAKES), st.floats(0, 5)),
        max_size=60,
    )
)
def test_whatever_happens_there_is_one_place_and_one_to_follow_at_most(
    events: list[tuple[int, Make, float]],
) -> None:
    """Nothing is sent on a connection that is closed, none is forgotten open."""
    trial = Trial()
    is_open: set[int] = set()
    is_asking: set[int] = set()
    for second, make, after_s in events:
        legs = trial.legs()
        leg, trial.now_s = legs[min(second, len(legs) - 1)], trial.now_s + after_s
        if make in {placed, put_off} and leg not in is_asking:
            continue
        if make in {placed, put_off}:
            is_asking.discard(leg)
        trial.clear()
        trial.take(leg, make)
        for one in trial.done:
            match one.action:
                case Register():
                    is_asking.add(one.leg)
                case Connect():
                    assert one.leg not in is_open
                    is_open.add(one.leg)
                case Disconnect():
                    is_open.discard(one.leg)
                case _:
                    assert one.leg in is_open
        now = trial.legs()
        assert len(now) in {1, 2}
        assert is_open <= {*now}
