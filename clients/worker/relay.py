"""Sends each room's newest frame to the relays of that room that have members.

To each relay the newest frame is sent at least once after its first member joined, and
no older one after it. A profile may leave frames out, never the last one.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from clients.event import Message
from clients.parcel import Extras, Parcel
from clients.worker.profiles import PROFILES, Profile
from clients.worker.roster import Key, Roster
from mosquitto import topic
from stream.frame import BadFrame, Position, Stamp

log = logging.getLogger(__name__)

RELAY_EXPIRY_S = 60
"""How long the broker keeps a relay's frame: a relay that nobody serves any more goes
away by itself."""

_AGAIN_AFTER_S = RELAY_EXPIRY_S / 2


class Publisher(Protocol):
    """What a relay needs of the connection to the broker."""

    def publish(self, parcel: Parcel) -> None:
        """Hand a message to the broker; without a connection it is lost."""
        ...


@dataclass(slots=True)
class _Outlet:
    """What the members of a room get in one profile."""

    sent_s: float = float("-inf")
    is_owed: bool = False
    """Whether the newest frame has still to be sent."""


@dataclass(slots=True)
class _Room:
    position: Position | None = None
    payload: bytes = b""
    bridge_ms: int | None = None
    outlets: dict[str, _Outlet] = field(default_factory=dict)
    sent_s: dict[Key, float] = field(default_factory=dict)


class Relay:
    """Knows the newest frame of each room that has members.

    Args:
        publisher: Where it is sent.
        roster: Who has members.
        counts: Where it counts what it sent (`relayed`) and what was no frame
            (`unreadable`: something else writes to main).
        wall_ms: Returns the time of day, in milliseconds since the epoch.
        spread_s: Returns over how long the cluster's clients spread out by now.
    """

    def __init__(
        self,
        publisher: Publisher,
        roster: Roster,
        counts: Counter[str],
        wall_ms: Callable[[], int],
        spread_s: Callable[[], float],
    ) -> None:
        self._publisher, self._roster = publisher, roster
        self._counts, self._wall_ms, self._spread_s = counts, wall_ms, spread_s
        self._rooms: dict[str, _Room] = {}
        self._owing: set[tuple[str, str]] = set()

    def drop(self, room: str) -> None:
        """Forget a room that has no members left."""
        self._rooms.pop(room, None)

    def take(self, room: str, message: Message) -> None:
        """Send a frame on, if it is no older than the one before."""
        if not self._roster.profiles(room):
            return
        state, payload = self._rooms.setdefault(room, _Room()), message.payload
        if not payload:
            self._clear(room)  # the room was taken out of the log
            return
        try:
            position = Stamp.decode(payload).position
        except BadFrame as error:
            self._pass_over(room, error)
            return
        if state.position and (position < state.position or payload == state.payload):
            return
        state.position, state.payload = position, payload
        state.bridge_ms = message.bridge_ms
        for profile in self._roster.profiles(room):
            self._offer(room, state, PROFILES[profile], message.at_s)

    def serve(self, key: Key, now_s: float) -> None:
        """Make sure that the broker keeps the newest frame for a relay's members."""
        state = self._rooms.get(key.room)
        if state is None or not state.payload:
            return
        if now_s - state.sent_s.get(key, float("-inf")) >= _AGAIN_AFTER_S:
            self._send(state, PROFILES[key.profile], [key], now_s)

    def close(self, key: Key) -> None:
        """Take away what the broker keeps for a relay that lost its last member."""
        if state := self._rooms.get(key.room):
            state.sent_s.pop(key, None)
        self._publisher.publish(Parcel(topic.relay(*key), retain=True))

    def forget(self, slots: Iterable[str]) -> None:
        """Know no more what these were sent: others serve them, and may send more."""
        gone = {*slots}
        for state in self._rooms.values():
            state.sent_s = {
                key: at_s for key, at_s in state.sent_s.items() if key.slot not in gone
            }

    def again(self, now_s: float) -> None:
        """Send every relay its newest frame once more."""
        for room, state in self._rooms.items():
            for profile in self._roster.profiles(room) if state.payload else ():
                self._send_all(room, state, PROFILES[profile], now_s)

    def pay(self, now_s: float) -> None:
        """Send what a profile has held back for long enough."""
        for room, name in [*self._owing]:
            state = self._rooms.get(room)
            outlet = state.outlets.get(name) if state else None
            if state is None or outlet is None or not outlet.is_owed:
                self._owing.discard((room, name))  # the room has begun anew
            elif now_s - outlet.sent_s >= PROFILES[name].every_s:
                self._send_all(room, state, PROFILES[name], now_s)

    def _offer(self, room: str, state: _Room, profile: Profile, now_s: float) -> None:
        outlet = state.outlets.setdefault(profile.name, _Outlet())
        if now_s - outlet.sent_s >= profile.every_s:
            self._send_all(room, state, profile, now_s)
        else:
            outlet.is_owed = True
            self._owing.add((room, profile.name))

    def _send_all(
        self, room: str, state: _Room, profile: Profile, now_s: float
    ) -> None:
        outlet = state.outlets.setdefault(profile.name, _Outlet())
        outlet.sent_s, outlet.is_owed = now_s, False
        self._owing.discard((room, profile.name))
        slots = self._roster.slots(room, profile.name)
        keys = (Key(slot, room, profile.name) for slot in slots)
        self._send(state, profile, keys, now_s)

    def _send(
        self, state: _Room, profile: Profile, keys: Iterable[Key], now_s: float
    ) -> None:
        try:
            payload = profile.render(state.payload)
        except BadFrame as error:
            self._pass_over(profile.name, error)
            return
        extras = Extras(
            bridge_ms=state.bridge_ms,
            worker_ms=self._wall_ms(),
            spread_s=self._spread_s(),
            expires_in_s=RELAY_EXPIRY_S,
        )
        for key in keys:
            self._publisher.publish(
                Parcel(topic.relay(*key), payload, retain=True, extras=extras)
            )
            state.sent_s[key] = now_s
            self._counts["relayed"] += 1

    def _pass_over(self, where: str, error: BadFrame) -> None:
        self._counts["unreadable"] += 1
        log.warning("unreadable frame where=%s reason=%s", where, error)

    def _clear(self, room: str) -> None:
        for profile, slots in self._roster.profiles(room).items():
            for slot in slots:
                self.close(Key(slot, room, profile))
        self._rooms[room] = _Room()
