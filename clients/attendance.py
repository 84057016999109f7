"""What a registered client does at each event: when it registers, joins and moves.

Pure: it knows the time from its events and says what is to be done; `clients.audience`
does it. A place is a list of brokers, each tried once in its order; then, or when the
place is gone, there is a new registration. When its cluster is to be left, it says so,
and stays: `clients.succession` begins another.
"""

import random
from collections.abc import Callable
from enum import Enum, auto

from clients.departure import Departure
from clients.event import Connected, Event, Lost, Message
from clients.parcel import Parcel
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
    LEASE_S,
    Assignment,
    BadMessage,
    BrokerAddress,
    Join,
    JoinProblem,
)
from mosquitto import topic

TAKEN_OVER = "Session taken over"
"""The reason of a broker that somebody else with the same client id has come to.

Mosquitto 2.0 hangs up without it: its client takes the next broker, as of a dead one.
"""

ASSIGNED_WITHIN_S = 30.0
"""Whoever is not answered for so long looks for another broker."""

CONNECTED_WITHIN_S = 10.0

_REPEATS_MIN = 3
"""Joins that go unanswered before a broker is left: a sleeper wakes up long after its
lease has ended, and has not asked yet."""

_REPEAT_MAX_S = 5.0
_SPREAD_MAX_S = 120.0
_FIRST_WAIT_S = 0.5
_WAIT_MAX_S = 30.0
_ASKED_WAIT_MAX_S = 300.0
_FAILURES_MAX = 16


class _Phase(Enum):
    WAITING = auto()
    ASKING = auto()
    CONNECTING = auto()
    JOINING = auto()
    JOINED = auto()


class Attendance:
    """Keeps one client in a room's audience, whatever dies.

    Args:
        join: What it asks for.
        draw: Returns a random number between 0 and 1.
    """

    def __init__(self, join: Join, draw: Callable[[], float] = random.random) -> None:
        self._join, self._draw = join, draw
        self._phase = _Phase.WAITING
        self._place: Place | None = None
        self._tried = 0
        """Brokers of the place that have been left."""
        self._failures = self._unanswered = 0
        self._now_s = self._due_s = self._until_s = 0.0
        self._spread_s = 0.0
        self._topic = self._cluster = ""
        self._departure = Departure(draw)

    @property
    def is_to_leave(self) -> bool:
        """Whether it is still asked to leave the cluster that serves it."""
        return self._departure.is_asked

    def take(self, event: Event | Placed | PutOff) -> list[Action]:
        """Learn what happened; return what is to be done, in this order.

        Raises:
            Evicted: If it has been put out.
            NotAdmitted: If it is not taken, and would not be another time.
        """
        self._now_s = event.at_s
        match event:
            case Placed(place=place) if self._phase is _Phase.ASKING:
                self._place, self._tried = place, 0
                self._spread_s = place.spread_s
                return self._connect()
            case PutOff(after_s=after_s) if self._phase is _Phase.ASKING:
                self._wait(min(after_s, _ASKED_WAIT_MAX_S) + self._jitter_s())
            case Connected() if self._phase is _Phase.CONNECTING:
                return self._begin_joining()
            case Lost(reason=reason) if self._phase in _AT_A_BROKER:
                return self._register_again() if reason == TAKEN_OVER else self._move()
            case Message() if self._phase in _AT_A_BROKER:
                return self._read(event)
        return self._do_what_is_due()

    def _do_what_is_due(self) -> list[Action]:
        if self._phase is _Phase.WAITING and self._now_s >= self._due_s:
            if self._place:
                return self._connect()
            self._phase = _Phase.ASKING
            return [Register()]
        if self._is_in_vain():
            return self._move()
        if self._phase in _LET_IN and self._now_s >= self._due_s:
            return self._ask_to_join()
        is_served = self._phase is _Phase.JOINED
        return [Succeed()] if is_served and self._departure.is_due(self._now_s) else []

    def _is_in_vain(self) -> bool:
        """Tell whether its broker, or all who would answer there, are gone."""
        if self._phase not in _AT_A_BROKER or self._now_s < self._until_s:
            return False
        return self._phase is _Phase.CONNECTING or self._unanswered >= _REPEATS_MIN

    def _connect(self) -> list[Action]:
        assert self._place  # noqa: S101 - for the type checker: see the callers
        self._phase = _Phase.CONNECTING
        self._until_s = self._now_s + CONNECTED_WITHIN_S
        return [Connect(self._broker(), self._place.client_id)]

    def _begin_joining(self) -> list[Action]:
        self._phase = _Phase.JOINING
        self._unanswered = 0
        self._topic = self._cluster = ""
        self._departure.forget()
        self._until_s = self._now_s + ASSIGNED_WITHIN_S
        return self._ask_to_join()

    def _ask_to_join(self) -> list[Action]:
        wait_s = min(_REPEAT_MAX_S, 2.0 ** min(self._unanswered, _FAILURES_MAX))
        self._due_s = self._now_s + wait_s * self._between(0.75, 1.25)
        self._unanswered += 1
        place = topic.client_join(self._client_id())
        return [Publish(Parcel(place, self._join.encode(), qos=1))]

    def _read(self, message: Message) -> list[Action]:
        is_relayed = message.topic == self._topic and not message.retained
        if is_relayed and message.spread_s is not None:
            self._spread_s = message.spread_s
        if message.topic == topic.CONTROL_MOVE:
            self._departure.hear(message.payload, self._cluster, self._now_s)
        if message.topic != topic.client_assignment(self._client_id()):
            return []
        try:
            answer = Assignment.decode(message.payload)
        except BadMessage:
            return []  # the join is repeated anyhow
        if answer.error:
            return self._refused(answer)
        asked = (self._join.room, self._join.profile)
        if not answer.topic or (answer.room, answer.profile) != asked:
            return []
        return self._enter(answer)

    def _refused(self, answer: Assignment) -> list[Action]:
        if answer.error == JoinProblem.EVICTED:
            raise Evicted(answer.help)
        if answer.error in {JoinProblem.FULL, JoinProblem.DRAINING}:
            return self._register_again()
        raise NotAdmitted(answer.error, answer.help)

    def _enter(self, answer: Assignment) -> list[Action]:
        """Be served until the lease ends, and ask again well before."""
        lease_s = answer.lease_s if answer.lease_s > 0 else LEASE_S
        self._due_s = self._now_s + lease_s * self._between(0.5, 0.9)
        self._until_s = self._now_s + lease_s
        self._spread_s, self._cluster = answer.spread_s, answer.cluster
        self._departure.be_in(answer.cluster, self._now_s)
        self._unanswered = self._failures = 0
        actions: list[Action] = []
        if self._phase is not _Phase.JOINED or self._topic != answer.topic:
            actions.append(Joined(self._now_s, answer, self._broker()))
        if self._topic != answer.topic:
            actions.append(Follow(answer.topic))
        self._phase, self._topic = _Phase.JOINED, answer.topic
        return actions

    def _move(self) -> list[Action]:
        """Take the next broker; who was served spreads out with the others."""
        self._tried += 1
        if self._place and self._tried >= len(self._place.brokers):
            self._place = None
        is_served = self._phase is _Phase.JOINED
        spread_s = min(max(self._spread_s, 0.0), _SPREAD_MAX_S)
        self._wait(spread_s * self._draw() if is_served else self._jitter_s())
        return [Disconnect()]

    def _register_again(self) -> list[Action]:
        self._place = None
        self._wait(self._jitter_s())
        return [Disconnect()]

    def _wait(self, wait_s: float) -> None:
        self._phase = _Phase.WAITING
        self._due_s = self._now_s + wait_s

    def _jitter_s(self) -> float:
        longest_s = min(_WAIT_MAX_S, _FIRST_WAIT_S * 2.0**self._failures)
        self._failures = min(self._failures + 1, _FAILURES_MAX)
        return longest_s * self._draw()

    def _between(self, low: float, high: float) -> float:
        return low + (high - low) * self._draw()

    def _client_id(self) -> str:
        return self._place.client_id if self._place else ""

    def _broker(self) -> BrokerAddress:
        assert self._place  # noqa: S101 - for the type checker: see the callers
        return self._place.brokers[self._tried]


_LET_IN = frozenset({_Phase.JOINING, _Phase.JOINED})
_AT_A_BROKER = _LET_IN | {_Phase.CONNECTING}
