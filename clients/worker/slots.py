"""Which slots are a worker's, and whose members it knows yet."""

from clients.event import CaughtUp
from clients.parcel import Following
from clients.worker.broker import Broker
from mosquitto import topic
from mosquitto.topic import ANY


class Slots:
    """Follows the memberships of the slots that are this worker's.

    Args:
        broker: Keeps them.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.mine: frozenset[str] = frozenset()
        """Whose joins it answers."""
        self._asked: dict[str, int] = {}
        """By which wish memberships are asked for that are still on their way."""
        self._left: dict[str, set[str]] = {}
        """By slot, who has left while its memberships were on their way."""

    def change(self, slots: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
        """Have these from now on; return those that are lost, and those gained."""
        lost, gained = self.mine - slots, slots - self.mine
        self.mine = slots
        for slot in lost:
            self._asked.pop(slot, None)
            self._left.pop(slot, None)
            self._broker.drop(topic.member(slot, ANY))
        for slot in gained:
            wish = self._broker.follow(topic.member(slot, ANY), Following(own=False))
            self._asked[slot] = wish
        return lost, gained

    def hear(self, event: CaughtUp) -> frozenset[str]:
        """Return the slots whose members are all known by this, each once."""
        named = {topic.member_slot(place) for place in event.topics}
        known = frozenset(
            slot
            for slot, wish in self._asked.items()
            if slot in named and event.wish >= wish
        )
        for slot in known:
            del self._asked[slot]
            self._left.pop(slot, None)
        return known

    def leave(self, slot: str, client_id: str) -> None:
        """Remember who has left, as long as its membership may still come."""
        if slot in self._asked:
            self._left.setdefault(slot, set()).add(client_id)

    def has_left(self, slot: str, client_id: str) -> bool:
        """Tell whether a client has left while memberships were on their way."""
        return client_id in self._left.get(slot, ())

    def knows(self, slot: str) -> bool:
        """Tell whether who is not known to be a member of a slot is none."""
        return slot in self.mine and slot not in self._asked
