"""When a registered client registers, joins, renews and moves."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.attendance import (
    ASSIGNED_WITHIN_S,
    CONNECTED_WITHIN_S,
    TAKEN_OVER,
    Attendance,
)
from clients.event import Connected, Event, Lost, Message, Tick
from clients.place import Place
from clients.steps import (
    Action,
    Connect,
    Disconnect,
    Evicted,
    Follow,
    Joined,
    NotAdmitted,
    Placed,
    Publish,
    PutOff,
    Register,
    Succeed,
)
from clients.worker.wire import (
    Assignment,
    BrokerAddress,
    Join,
    JoinProblem,
    Move,
    Moves,
)
from mosquitto import topic

BROKERS = tuple(BrokerAddress(f"host-{number}", 1, 2) for number in range(2))
LEASE_S = 300
SPREAD_S = 50.0
TOPIC = "relay/7/final/full"
PLACE = Place(client_id="me", brokers=BROKERS, slot="7", topic=TOPIC, spread_s=SPREAD_S)
ASSIGNED = Assignment(
    client_id="me",
    room="final",
    profile="full",
    cluster="cluster-1",
    slot="7",
    topic=TOPIC,
    lease_s=LEASE_S,
    spread_s=SPREAD_S,
)


def answer(at_s: float, assignment: Assignment | bytes = ASSIGNED) -> Message:
    raw = assignment if isinstance(assignment, bytes) else assignment.encode()
    return Message(at_s, "clients/me/assignment", raw, False, None, 0)  # noqa: FBT003


class Desk:
    """An attendance, and a clock that a test moves."""

    def __init__(self, draw: Callable[[], float] = lambda: 0.5) -> None:
        self.attendance = Attendance(Join("final", "full"), draw)
        self.now_s = 1000.0

    def take(self, make: Callable[[float], Event | Placed | PutOff]) -> list[Action]:
        return self.attendance.take(make(self.now_s))

    def wait(self, longest_s: float = 1000.0) -> tuple[float, list[Action]]:
        """Let time pass until something is to be done; return when, and what."""
        began_s = self.now_s
        while self.now_s < began_s + longest_s:
            self.now_s += 0.25
            if actions := self.take(Tick):
                return self.now_s - began_s, actions
        return longest_s, []

    def registered(self) -> "Desk":
        assert self.take(Tick) == [Register()]
        assert self.take(lambda s: Placed(s, PLACE)) == [Connect(BROKERS[0], "me")]
        return self

    def connected(self) -> "Desk":
        assert kinds(self.registered().take(Connected)) == [Publish]
        return self

    def joined(self) -> "Desk":
        self.connected().take(answer)
        return self

    def lose(self, reason: str = "gone") -> list[Action]:
        return self.take(lambda s: Lost(s, reason))


def kinds(actions: list[Action]) -> list[type[Action]]:
    return [type(action) for action in actions]


def test_it_joins_after_each_connack_and_follows_what_it_is_assigned() -> None:
    desk = Desk().registered()

    [publish] = desk.take(Connected)
    assert isinstance(publish, Publish)
    assert publish.parcel.topic == "clients/me/join"
    assert publish.parcel.qos == 1
    assert not publish.parcel.retain
    assert Join.decode(publish.parcel.payload) == Join("final", "full")
    assert desk.take(answer) == [
        Joined(desk.now_s, ASSIGNED, BROKERS[0]),
        Follow(TOPIC),
    ]


def test_a_join_is_repeated_ever_more_seldom_until_it_is_answered() -> None:
    desk = Desk().connected()

    waits = [desk.wait() for _ in range(5)]

    assert [round(wait_s) for wait_s, _ in waits] == [1, 2, 4, 5, 5]
    assert {kind for _, actions in waits for kind in kinds(actions)} == {Publish}
    desk.take(answer)
    assert desk.wait(LEASE_S / 2 - 1) == (LEASE_S / 2 - 1, [])


@given(st.floats(0, 1))
def test_a_lease_is_renewed_between_half_of_it_and_nine_tenths(drawn: float) -> None:
    desk = Desk(lambda: drawn).joined()

    wait_s, actions = desk.wait()

    assert 0.5 * LEASE_S <= wait_s <= 0.9 * LEASE_S + 0.25
    assert kinds(actions) == [Publish]


def test_a_renewed_lease_is_no_news() -> None:
    desk = Desk().joined()
    desk.wait()

    assert desk.take(answer) == []


def test_a_renewal_that_nobody_answers_ends_at_the_next_broker() -> None:
    desk = Desk().joined()
    began_s = desk.now_s
    while kinds(actions := desk.wait()[1]) == [Publish]:
        pass

    assert actions == [Disconnect()]
    assert desk.now_s - began_s >= LEASE_S
    assert desk.wait()[1] == [Connect(BROKERS[1], "me")]


def test_who_slept_through_its_lease_asks_before_it_moves() -> None:
    desk = Desk().joined()
    desk.now_s += 10 * LEASE_S

    assert kinds(desk.take(Tick)) == [Publish]
    assert desk.take(answer) == []


def test_a_broker_whose_workers_do_not_answer_is_left() -> None:
    desk = Desk().connected()
    began_s = desk.now_s
    while kinds(actions := desk.wait()[1]) == [Publish]:
        pass

    assert actions == [Disconnect()]
    assert desk.now_s - began_s == ASSIGNED_WITHIN_S


def test_a_broker_that_does_not_answer_is_left() -> None:
    desk = Desk().registered()

    assert desk.wait() == (CONNECTED_WITHIN_S, [Disconnect()])
    assert desk.wait()[1] == [Connect(BROKERS[1], "me")]


@given(st.floats(0, 1))
def test_the_members_of_a_lost_broker_spread_out(drawn: float) -> None:
    desk = Desk(lambda: drawn).joined()

    assert desk.lose() == [Disconnect()]
    wait_s, actions = desk.wait()

    assert actions == [Connect(BROKERS[1], "me")]
    assert drawn * SPREAD_S <= wait_s <= drawn * SPREAD_S + 0.25


def test_who_was_never_served_waits_with_full_jitter_that_grows_to_half_a_minute() -> (
    None
):
    desk = Desk(lambda: 1.0)
    waits = []
    desk.take(Tick)
    for _ in range(9):
        desk.take(lambda s: PutOff(s, "full"))
        waits.append(desk.wait()[0])

    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_server_is_left_alone_for_as_long_as_it_wants() -> None:
    desk = Desk(lambda: 0.0)
    desk.take(Tick)
    desk.take(lambda s: PutOff(s, "full", 7.0))

    assert desk.wait() == (7.0, [Register()])


def test_to_be_served_makes_the_waits_short_again() -> None:
    desk = Desk(lambda: 1.0).registered()
    desk.lose()
    desk.wait()
    desk.take(Connected)
    desk.take(answer)
    desk.lose(TAKEN_OVER)

    assert desk.wait() == (0.5, [Register()])


def test_after_its_whole_list_it_registers_again() -> None:
    desk = Desk().joined()
    desk.lose()

    assert desk.wait()[1] == [Connect(BROKERS[1], "me")]
    desk.lose()
    assert desk.wait()[1] == [Register()]


@pytest.mark.parametrize(
    "event",
    [
        lambda s: Lost(s, TAKEN_OVER),
        lambda s: answer(s, Assignment.refusing(JoinProblem.FULL)),
        lambda s: answer(s, Assignment.refusing(JoinProblem.DRAINING)),
    ],
)
def test_who_has_no_place_any_more_registers_again(
    event: Callable[[float], Event],
) -> None:
    desk = Desk().joined()

    assert desk.take(event) == [Disconnect()]
    assert desk.wait()[1] == [Register()]


def test_who_is_put_out_does_not_come_back_by_itself() -> None:
    desk = Desk().joined()

    with pytest.raises(Evicted, match="put this client out"):
        desk.take(lambda s: answer(s, Assignment.refusing(JoinProblem.EVICTED)))


@pytest.mark.parametrize("problem", [JoinProblem.BAD_ROOM, JoinProblem.BAD_PROFILE])
def test_what_would_never_be_taken_is_said_to_the_user(problem: JoinProblem) -> None:
    desk = Desk().connected()

    with pytest.raises(NotAdmitted) as caught:
        desk.take(lambda s: answer(s, Assignment.refusing(problem)))
    assert caught.value.label == problem


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"?",
        b"{}",
        Assignment(room="semi", profile="full", topic="relay/7/semi/full").encode(),
        Assignment(room="final", profile="lite", topic="relay/7/final/lite").encode(),
    ],
)
def test_what_is_no_answer_to_its_join_is_passed_over(raw: bytes) -> None:
    desk = Desk().connected()

    assert desk.take(lambda s: answer(s, raw)) == []


def test_a_new_topic_is_followed() -> None:
    desk = Desk().joined()
    elsewhere = Assignment(
        room="final", profile="full", slot="8", topic="relay/8/final/full", lease_s=9
    )

    assert desk.take(lambda s: answer(s, elsewhere))[1:] == [Follow(elsewhere.topic)]


def move(at_s: float, raw: bytes | None = None, **clusters: float) -> Message:
    named = {name.replace("_", "-"): Move(each) for name, each in clusters.items()}
    payload = Moves(named).encode() if raw is None else raw
    return Message(at_s, topic.CONTROL_MOVE, payload, True, None, 0)  # noqa: FBT003


@given(st.floats(0, 1))
def test_who_is_to_leave_goes_after_a_random_part_of_the_spread(drawn: float) -> None:
    desk = Desk(lambda: drawn).joined()
    desk.take(lambda s: move(s, cluster_1=30, cluster_3=5))

    wait_s, actions = desk.wait(40)

    assert actions == [Succeed()]
    assert drawn * 30 <= wait_s <= drawn * 30 + 0.25


def test_a_move_that_was_said_before_it_joined_counts_from_then() -> None:
    desk = Desk().connected()
    desk.take(lambda s: move(s, cluster_1=30))
    assert desk.wait(0.5) == (0.5, [])
    desk.take(answer)

    assert desk.wait(40) == (15, [Succeed()])


def test_a_move_that_is_said_again_is_the_same_one() -> None:
    desk = Desk().joined()
    for _ in range(5):
        desk.take(lambda s: move(s, cluster_1=30))
        assert desk.wait(2)[1] == []

    assert desk.wait(40) == (5, [Succeed()])
    desk.take(lambda s: move(s, cluster_1=30))
    assert desk.wait(100)[1] == []


def test_a_move_that_is_hurried_is_another_one() -> None:
    desk = Desk().joined()
    desk.take(lambda s: move(s, cluster_1=300))
    desk.take(lambda s: move(s, cluster_1=4))

    assert desk.wait(40) == (2, [Succeed()])


@pytest.mark.parametrize(
    "raw", [None, b"", b'{"clusters":{"cluster-2":{"spread_s":1}}}']
)
def test_a_move_that_is_withdrawn_is_forgotten(raw: bytes | None) -> None:
    desk = Desk().joined()
    desk.take(lambda s: move(s, cluster_1=30))
    desk.wait(10)
    desk.take(lambda s: move(s, raw))

    assert desk.wait(100)[1] == []
    desk.take(lambda s: move(s, cluster_1=30))
    assert desk.wait(40) == (15, [Succeed()])


@pytest.mark.parametrize(
    "raw",
    [
        b'{"clusters":{"cluster-2":{"spread_s":1}}}',
        b'{"clusters":{"":{"spread_s":1}}}',
        b'{"clusters":{"cluster-1":{}}}',
        b'{"clusters":[]}',
        b"?",
    ],
)
def test_who_is_not_asked_to_leave_stays(raw: bytes) -> None:
    for cluster in ("cluster-1", ""):
        desk = Desk().connected()
        named = msgspec.structs.replace(ASSIGNED, cluster=cluster)
        desk.take(lambda s: answer(s, named))  # noqa: B023 - called here
        desk.take(lambda s: move(s, raw))

        assert desk.wait(100)[1] == []


def test_what_was_said_at_a_broker_that_is_gone_is_forgotten() -> None:
    desk = Desk().joined()
    desk.take(lambda s: move(s, cluster_1=300))
    desk.lose()
    desk.wait()
    desk.take(Connected)
    desk.take(answer)

    assert desk.wait(LEASE_S / 2)[1] == []


def test_who_stays_where_it_should_leave_renews_its_lease() -> None:
    desk = Desk().joined()
    desk.take(lambda s: move(s, cluster_1=0))
    assert desk.wait()[1] == [Succeed()]

    assert kinds(desk.wait(LEASE_S)[1]) == [Publish]
    assert desk.take(answer) == []


def test_the_spread_that_came_last_counts() -> None:
    desk = Desk().joined()
    frame = Message(desk.now_s, TOPIC, b"", False, None, 0, spread_s=8.0)  # noqa: FBT003
    desk.take(lambda _: frame)
    desk.take(lambda s: Message(s, TOPIC, b"", False, None, 0))  # noqa: FBT003
    desk.lose()

    assert desk.wait()[0] == 4


def test_a_retained_frame_was_sent_when_there_were_others() -> None:
    desk = Desk().joined()
    desk.take(lambda s: Message(s, TOPIC, b"", True, None, 0, spread_s=8.0))  # noqa: FBT003
    desk.lose()

    assert desk.wait()[0] == SPREAD_S / 2


def test_what_is_no_frame_tells_no_spread() -> None:
    desk = Desk().joined()
    other = "relay/8/final/full"
    desk.take(lambda s: Message(s, other, b"", False, None, 0, spread_s=8.0))  # noqa: FBT003
    desk.lose()

    assert desk.wait()[0] == SPREAD_S / 2


EVENTS: list[Callable[[float], Event | Placed | PutOff]] = [
    Tick,
    Connected,
    answer,
    lambda s: Lost(s, "gone"),
    lambda s: Lost(s, TAKEN_OVER),
    lambda s: answer(s, Assignment.refusing(JoinProblem.FULL)),
    lambda s: move(s, cluster_1=30),
    lambda s: Placed(s, PLACE),
    lambda s: PutOff(s, "full", 1.0),
]


@given(
    st.lists(st.tuples(st.sampled_from(EVENTS), st.floats(0, 400)), max_size=40),
    st.floats(0, 1),
)
def test_whatever_happens_it_is_soon_trying_again(
    events: list[tuple[Callable[[float], Event], float]], drawn: float
) -> None:
    """Every connection is closed before the next, and time alone leads to an action."""
    desk = Desk(lambda: drawn)
    is_open, is_asking = False, False
    for make, after_s in events:
        desk.now_s += after_s
        is_answer = make in EVENTS[7:]
        if is_answer and not is_asking:
            continue
        is_asking = is_asking and not is_answer
        for action in desk.take(make):
            assert not (isinstance(action, Connect) and is_open)
            assert not (isinstance(action, Publish | Follow) and not is_open)
            is_open = isinstance(action, Connect) or (
                is_open and not isinstance(action, Disconnect)
            )
            is_asking = is_asking or isinstance(action, Register)

    assert is_asking or desk.wait(LEASE_S)[1]
