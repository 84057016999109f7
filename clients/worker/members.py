"""The members of a worker's slots: who they are, and what is relayed to them.

Follows what they need, and lets it go with the last of them.
"""

import math
from collections import Counter
from collections.abc import Callable
from collections.abc import Set as AbstractSet

from clients.event import CaughtUp
from clients.worker.broker import Broker
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

    @property
    def slots(self) -> frozenset[str]:
        """Whose members these are."""
        return self._slots.mine

    @property
    def handed(self) -> AbstractSet[str]:
        """Those that another worker is to have, which may not know them all yet."""
        return self._slots.handed

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
        if hand_over_s is None:
            self.roster.forget(lost)
        else:
            self.roster.hand_over(lost)
            self._slots.hand_over(lost, hand_over_s)
        self.relay.forget(gained)
        self._unfollow_without_relays(rooms)

    def let_go(self, now_s: float) -> None:
        """Relay no more to slots that have been handed over for long enough."""
        if over := self._slots.handed_by(now_s):
            rooms = {*self.roster.rooms}
            self.roster.let_go(over)
            self._unfollow_without_relays(rooms)

    def close(self) -> None:
        """Serve nobody any more."""
        self.serve(frozenset())
        self.let_go(math.inf)

    def caught_up(self, event: CaughtUp) -> None:
        """Learn that the members of some slots are all known."""
        self._slots.hear(event)

    def enter(self, client_id: str, member: Member, now_s: float) -> None:
        """Have a member, from now on or still."""
        is_first = not self.roster.profiles(member.key.room)
        closed = self.roster.put(client_id, member)
        if is_first:
            self._broker.follow(topic.room_frame(member.key.room))
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
        self.relay.close(key)
        if not self.roster.profiles(key.room):
            self._unfollow(key.room)

    def _unfollow_without_relays(self, rooms: set[str]) -> None:
        for room in rooms - {*self.roster.rooms}:
            self._unfollow(room)

    def _unfollow(self, room: str) -> None:
        self._broker.drop(topic.room_frame(room))
        self.relay.drop(room)
