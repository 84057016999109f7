"""Who is a member, of what, and until when: pure, as are all but `__main__` here."""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Key(NamedTuple):
    """One relay: what its members share."""

    slot: str
    room: str
    profile: str


@dataclass(frozen=True, slots=True)
class Member:
    """A client and its lease, by the worker's monotonic clock."""

    key: Key
    until_s: float
    is_admitted: bool = False
    """Whether this worker has let it in; else it was told of it."""


class Roster:
    """The members of a worker's slots, and how many each relay has.

    A relay that is handed over is served without members: they are another worker's.
    """

    def __init__(self) -> None:
        self._members: dict[str, Member] = {}
        self._handed: dict[str, set[Key]] = {}
        """By room."""
        self._numbers: dict[str, dict[str, dict[str, int]]] = {}
        self._ends: list[tuple[float, str]] = []
        self._timed: set[str] = set()
        """Who is in `_ends`, once each: a client may join a thousand times a second."""

    def __len__(self) -> int:
        return len(self._members)

    @property
    def timed(self) -> int:
        """How many clients' leases are watched."""
        return len(self._ends)

    def get(self, client_id: str) -> Member | None:
        """Return the client's membership, if it is a member."""
        return self._members.get(client_id)

    def put(self, client_id: str, member: Member) -> Key | None:
        """Enter a client, or let it stay on; return the relay that lost its last."""
        before = self._members.get(client_id)
        self._members[client_id] = member
        self._time(client_id, member)
        if before and before.key == member.key:
            return None
        slots = self._numbers.setdefault(member.key.room, {}).setdefault(
            member.key.profile, {}
        )
        slots[member.key.slot] = slots.get(member.key.slot, 0) + 1
        return self._leave(before.key) if before else None

    def remove(self, client_id: str) -> Key | None:
        """Take a client out; return the relay that lost its last by that."""
        member = self._members.pop(client_id, None)
        return self._leave(member.key) if member else None

    def forget(self, slots: Iterable[str]) -> None:
        """Know nothing of some slots any more: others serve them."""
        gone = {*slots}
        for client_id, member in [*self._members.items()]:
            if member.key.slot in gone:
                self.remove(client_id)

    def hand_over(self, slots: Iterable[str]) -> None:
        """Have no members in some slots any more, but still their relays."""
        gone = {*slots}
        relays = {
            member.key for member in self._members.values() if member.key.slot in gone
        }
        self.forget(gone)
        for key in relays:
            self._handed.setdefault(key.room, set()).add(key)

    def let_go(self, slots: Iterable[str]) -> None:
        """Have the relays of some slots no more that were handed over."""
        gone = {*slots}
        for key in [key for keys in self._handed.values() for key in keys]:
            if key.slot in gone:
                self._drop_handed(key)

    def expired(self, now_s: float) -> Iterator[str]:
        """Yield the clients whose leases have ended; they are members until removed."""
        while self._ends and self._ends[0][0] <= now_s:
            _, client_id = heapq.heappop(self._ends)
            self._timed.discard(client_id)
            member = self._members.get(client_id)
            if member and member.until_s <= now_s:
                yield client_id
            elif member:
                self._time(client_id, member)

    def profiles(self, room: str) -> Mapping[str, Mapping[str, int]]:
        """Return how many members the room's relays have, by profile and slot."""
        numbers = self._numbers.get(room, {})
        if room not in self._handed:
            return numbers
        relays = {profile: {**slots} for profile, slots in numbers.items()}
        for key in self._handed[room]:
            relays.setdefault(key.profile, {}).setdefault(key.slot, 0)
        return relays

    def slots(self, room: str, profile: str) -> Mapping[str, int]:
        """Return how many members a profile has in the room, by slot."""
        return self.profiles(room).get(profile, {})

    @property
    def rooms(self) -> Iterable[str]:
        """The rooms that have relays."""
        return self._numbers.keys() | self._handed.keys()

    @property
    def rooms_with_members(self) -> int:
        """How many rooms have members."""
        return len(self._numbers)

    def counts(self, rooms_max: int) -> dict[str, dict[str, int]]:
        """Return the members by room and profile, of the rooms that have most."""
        sums = {
            room: {profile: sum(slots.values()) for profile, slots in profiles.items()}
            for room, profiles in self._numbers.items()
        }
        largest = heapq.nlargest(
            rooms_max, sums.items(), key=lambda item: sum(item[1].values())
        )
        return dict(largest)

    def _time(self, client_id: str, member: Member) -> None:
        if client_id not in self._timed:
            self._timed.add(client_id)
            heapq.heappush(self._ends, (member.until_s, client_id))

    def _drop_handed(self, key: Key) -> None:
        keys = self._handed.get(key.room, set())
        keys.discard(key)
        if not keys:
            self._handed.pop(key.room, None)

    def _leave(self, key: Key) -> Key | None:
        profiles = self._numbers[key.room]
        slots = profiles[key.profile]
        slots[key.slot] -= 1
        if slots[key.slot]:
            return None
        del slots[key.slot]
        if not slots:
            del profiles[key.profile]
        if not profiles:
            del self._numbers[key.room]
        self._drop_handed(key)
        return key
