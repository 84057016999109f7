"""Which slots a worker is ready to serve: it gets the frames of all their members.

That a slot's members have been read is half of it: their rooms are followed behind all
that was asked for before.
"""

from collections.abc import Iterable

from clients.event import CaughtUp
from mosquitto import topic


class Readiness:
    """Knows which rooms were followed and have not come yet, and who waits for them."""

    def __init__(self) -> None:
        self._asked: dict[str, int] = {}
        """By which wish a room is followed whose newest frame is still on its way."""
        self._awaited: dict[str, set[str]] = {}
        """By slot, the rooms without which it is not ready."""

    def follow(self, room: str, wish: int) -> None:
        """Learn that a room is followed."""
        self._asked[room] = wish

    def unfollow(self, room: str) -> None:
        """Learn that nobody wants a room any more."""
        self._asked.pop(room, None)
        self._came(room)

    def know(self, slot: str) -> None:
        """Learn that a slot's members are all known, and so their rooms followed.

        A room that is followed later is for who joins later: nobody else relays to it.
        """
        self._awaited[slot] = {*self._asked}

    def forget(self, slots: Iterable[str]) -> None:
        """Know nothing of some slots any more."""
        for slot in slots:
            self._awaited.pop(slot, None)

    def hear(self, event: CaughtUp) -> None:
        """Learn that what is retained under some topics has come."""
        for place in event.topics:
            room = topic.room_of(place)
            if room in self._asked and event.wish >= self._asked[room]:
                del self._asked[room]
                self._came(room)

    @property
    def slots(self) -> frozenset[str]:
        """Those that are served in full."""
        return frozenset(slot for slot, rooms in self._awaited.items() if not rooms)

    def _came(self, room: str) -> None:
        for rooms in self._awaited.values():
            rooms.discard(room)
