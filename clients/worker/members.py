"""The members of a worker's slots: who they are, and what is relayed to them.

Follows what they need, and lets it go with the last of them.
"""

import math
from collections import Counter
from collections.abc import Callable

from clients.event import CaughtUp
from clients.worker.broker import Broker
from clients.worker.handover import Handover
from clients.worker.readiness import Readiness
from clients.worker.relay import Relay
from clients.worker.roster import Key, Member, Roster
from clients.worker.slots import Slots
from mosquitto import topic


class Members:
    """Keeps roster, relay and subscriptions in step.

    Args:
        broker: Brings their rooms' frames.
        counts: Where the relay counts.
        wall_ms: Returns the time of day, in milliseconds since the epoch.
        spread_s: Returns over how long the cluster's clients spread out by now.
    """

    def __init__(
        self,
        broker: Broker,
        counts: Counter[str],
        wall_ms: Callable[[], int],
        spread_s: Callable[[], float],
    ) -> None:
        self._broker = broker
        self.roster = Roster()
        self.relay = Relay(broker, self.roster, counts, wall_ms, spread_s)
        self._slots = Slots(broker)
        self._handover = Handover()
        self._readiness = Readiness()

    @property
    def slots(self) -> frozenset[str]:
        """Whose members these are."""
        return self._slots.mine

    @property
    def ready(self) -> frozenset[str]:
        """Those of these whose members are known, and get their frames from here."""
        return self._readiness.slots

    @property
    def handed(self) -> frozenset[str]:
        """Those that another worker is to have, which may not know them all yet."""
        return self._handover.slots - self.slots

    @property
    def is_settled(self) -> bool:
        """Whether each slot is where it belongs, as far as is known here."""
        return not self.handed and self.ready == self.slots

    def knows(self, slot: str) -> bool:
        """Tell whether who is not in the roster is no member of this worker's slot."""
        return self._slots.knows(slot)

    def serve(self, slots: frozenset[str], hand_over_s: float | None = None) -> None:
        """Serve these slots from now on, and no others.

        Args:
            slots: Which.
            hand_over_s: The time, if frames are to be relayed to those that are lost
                until their new worker knows the members: these are its own already.
        """
        rooms = {*self.roster.rooms}
        lost, gained = self._slots.change(slots)
        self._readiness.forget(lost)
        if hand_over_s is None:
            self.roster.forget(lost)
        else:
            self.roster.hand_over(lost)
            self._handover.begin(lost, hand_over_s)
        self.relay.forget(gained)
        self._unfollow_without_relays(rooms)

    def let_go(self, elsewhere: frozenset[str], now_s: float) -> None:
        """Relay no more to slots that have been handed over.

        Args:
            elsewhere: Those whose members another worker knows.
            now_s: The time.
        """
        # What came back is relayed as before until its members are known again.
        self._let_go(self._handover.end(elsewhere | self.ready, now_s))

    def close(self) -> None:
        """Serve nobody any more."""
        self.serve(frozenset())
        self._let_go(self._handover.end(frozenset(), math.inf))

    def caught_up(self, event: CaughtUp) -> bool:
        """Learn what has come; tell whether more slots are ready by that."""
        before = self.ready
        self._readiness.hear(event)
        for slot in self._slots.hear(event):
            self._readiness.know(slot)
        return self.ready != before

    def enter(self, client_id: str, member: Member, now_s: float) -> None:
        """Have a member, from now on or still."""
        is_first = not self.roster.profiles(member.key.room)
        closed = self.roster.put(client_id, member)
        if is_first:
            room = member.key.room
            wish = self._broker.follow(topic.room_frame(room))
            self._readiness.follow(room, wish)
        else:
            self.relay.serve(member.key, now_s)
        if closed:
            self._close(closed)

    def leave(self, slot: str, client_id: str) -> None:
        """Have a member no more, also if it is only about to be known."""
        self._slots.leave(slot, client_id)
        self.remove(client_id)

    def has_left(self, slot: str, client_id: str) -> bool:
        """Tell whether a membership that was kept is older than its client's leave."""
        return self._slots.has_left(slot, client_id)

    def remove(self, client_id: str) -> None:
        """Have a member no more, if it is one."""
        if closed := self.roster.remove(client_id):
            self._close(closed)

    def _close(self, key: Key) -> None:
        if self.knows(key.slot):  # else others may be on their way
            self.relay.close(key)
        if not self.roster.profiles(key.room):
            self._unfollow(key.room)

    def _let_go(self, slots: frozenset[str]) -> None:
        if slots:
            rooms = {*self.roster.rooms}
            self.roster.let_go(slots)
            self._unfollow_without_relays(rooms)

    def _unfollow_without_relays(self, rooms: set[str]) -> None:
        for room in rooms - {*self.roster.rooms}:
            self._unfollow(room)

    def _unfollow(self, room: str) -> None:
        self._broker.drop(topic.room_frame(room))
        self._readiness.unfollow(room)
        self.relay.drop(room)
