"""Which slots are a worker's, which it hands over, and whose members it knows yet."""

from collections.abc import Set as AbstractSet

from clients.event import CaughtUp
from clients.parcel import Following
from clients.worker.broker import Broker
from clients.worker.peers import HANDOVER_S
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
        self._until_s: dict[str, float] = {}
        """Until when a slot is handed over."""

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

    def hear(self, event: CaughtUp) -> None:
        """Learn that all has come that is kept under some topics."""
        for place in event.topics:
            slot = topic.member_slot(place)
            if slot in self._asked and event.wish >= self._asked[slot]:
                del self._asked[slot]
                self._left.pop(slot, None)

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

    def hand_over(self, slots: frozenset[str], now_s: float) -> None:
        """Relay some slots a little longer."""
        self._until_s |= dict.fromkeys(slots, now_s + HANDOVER_S)

    @property
    def handed(self) -> AbstractSet[str]:
        """Those that are handed over just now."""
        return self._until_s.keys() - self.mine

    def handed_by(self, now_s: float) -> frozenset[str]:
        """Return the slots whose handing over has ended, each once."""
        over = frozenset(
            slot for slot, until_s in self._until_s.items() if until_s <= now_s
        )
        for slot in over:
            del self._until_s[slot]
        return over
