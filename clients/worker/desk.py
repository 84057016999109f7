"""The members' desk: who joins, stays, leaves and is put out, in a worker's slots."""

import logging
from collections import Counter
from collections.abc import Callable

from clients.event import Message
from clients.parcel import Extras, Parcel
from clients.worker.broker import Broker
from clients.worker.members import Members
from clients.worker.reply import reply
from clients.worker.roster import Key, Member
from clients.worker.wire import (
    LEASE_S,
    Assignment,
    BadJoin,
    BadMessage,
    Join,
    JoinProblem,
    Membership,
)
from mosquitto import placement, topic
from mosquitto.topic import Wish

_PERHAPS = {JoinProblem.FULL, JoinProblem.DRAINING}
"""Said to nobody who may be a member not known yet: it asks again."""

log = logging.getLogger(__name__)


class Desk:
    """Keeps the memberships of a worker's slots, here and with the broker.

    Args:
        cluster: What clients are told that it is called.
        broker: Keeps what a successor has to know; brings the members' rooms.
        capacity: Members that the whole cluster takes.
        evicted: Until when whom an operator has put out stays out; added to.
        counts: Where it counts what happened.
        wall_ms: Returns the time of day, in milliseconds since the epoch.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a worker shares with its desk
        self,
        cluster: str,
        broker: Broker,
        capacity: int,
        evicted: dict[str, float],
        counts: Counter[str],
        wall_ms: Callable[[], int],
    ) -> None:
        self._cluster, self._broker, self._capacity = cluster, broker, capacity
        self._evicted, self._counts = evicted, counts
        self.members = Members(broker, counts, wall_ms, self._spread_s)
        self._roster = self.members.roster
        self.is_draining = False
        """Whether nobody new is taken."""

        self._held_members = 0
        """What the cluster had before slots changed hands."""

        self.members_elsewhere = 0
        """What the other workers have of the cluster's members."""

    def serve(self, slots: frozenset[str], hand_over_s: float | None) -> None:
        """Serve these slots from now on, as `Members.serve` does."""
        # Until all are counted by their new workers, these count.
        self._held_members = max(self._held_members, self._members_in_all())
        self.members.serve(slots, hand_over_s)

    def settled(self) -> None:
        """Learn that every worker has counted its members by now."""
        self._held_members = 0

    def expire(self, now_s: float) -> None:
        """Put out those whose leases have ended."""
        for client_id in [*self._roster.expired(now_s)]:
            self._counts["expired"] += 1
            self._put_out(client_id)

    def hear_membership(self, slot: str, client_id: str, message: Message) -> None:
        """Take over what another worker, or this one before, knew of a client."""
        if slot not in self.members.slots or slot != placement.slot_of(client_id):
            return
        known = self._roster.get(client_id)
        if not message.payload:
            self._hear_of_leave(client_id, known)
            return
        if message.retained and self.members.has_left(slot, client_id):
            return
        try:
            kept = Membership.decode(message.payload)
        except BadMessage as error:
            self._counts["unreadable"] += 1
            log.warning("unreadable topic=%s reason=%s", message.topic, error)
            return
        left_s = min(message.expires_in_s or LEASE_S, LEASE_S)
        key, until_s = Key(slot, kept.room, kept.profile), message.at_s + left_s
        if known is None or known.until_s < until_s:
            self.members.enter(client_id, Member(key, until_s), message.at_s)

    def hear_client(self, message: Message) -> None:
        """Do what is wanted for a client, if this worker serves it."""
        asked = topic.wish_of(message.topic)
        if message.retained:
            self._clear(message)
        if not asked or (message.retained and not message.payload):
            return
        client_id, wish = asked
        if wish is Wish.EVICT and not message.retained:
            self._bar(client_id, message.at_s)  # whoever serves it next
        slot = placement.slot_of(client_id)
        is_leave = wish is not Wish.JOIN and not message.retained
        if slot in self.members.slots:
            self._do(client_id, slot, wish, message)
        elif is_leave and slot in self.members.handed:
            # Its new worker may have heard it too early: the slot was not its own yet.
            self._clear_membership(slot, client_id)

    def _clear(self, wish: Message) -> None:
        """Take away what somebody has retained: it would come again for ever."""
        slot = placement.slot_of(topic.client_of(wish.topic))
        if wish.payload and slot in self.members.slots:
            self._counts["retained_wishes"] += 1
            self._broker.publish(Parcel(wish.topic, retain=True))

    def _do(self, client_id: str, slot: str, wish: Wish, message: Message) -> None:
        match wish:
            case Wish.JOIN if message.retained:
                self._refuse(client_id, JoinProblem.RETAINED, message)
            case _ if message.retained:
                pass
            case Wish.JOIN:
                self._join(client_id, slot, message)
            case Wish.LEAVE:
                # Also who is not known yet: its membership may be on its way.
                self._counts["left"] += self._roster.get(client_id) is not None
                self._put_out(client_id)
            case Wish.EVICT:
                self._counts["evicted"] += 1
                self._put_out(client_id)
                self._refuse(client_id, JoinProblem.EVICTED, None)

    def _join(self, client_id: str, slot: str, message: Message) -> None:
        try:
            join = Join.decode(message.payload)
            self._admit(client_id, message.at_s)
        except BadJoin as error:
            if error.problem not in _PERHAPS or self.members.knows(slot):
                self._refuse(client_id, error.problem, message)
            return
        key = Key(slot, join.room, join.profile)
        self._counts["joined"] += 1
        self._keep_membership(client_id, key)
        member = Member(key, message.at_s + LEASE_S, is_admitted=True)
        self.members.enter(client_id, member, message.at_s)
        assignment = Assignment(
            client_id=client_id,
            room=join.room,
            profile=join.profile,
            cluster=self._cluster,
            slot=slot,
            topic=topic.relay(*key),
            lease_s=LEASE_S,
            spread_s=self._spread_s(),
        )
        self._answer(client_id, assignment, message)

    def _refuse(
        self, client_id: str, problem: JoinProblem, asked: Message | None
    ) -> None:
        self._counts["refused"] += 1
        self._answer(client_id, Assignment.refusing(problem), asked)

    def _admit(self, client_id: str, now_s: float) -> None:
        """Let a client in.

        Raises:
            BadJoin: If it was put out lately, or nobody new is taken.
        """
        if self._evicted.get(client_id, 0) > now_s:
            raise BadJoin(JoinProblem.EVICTED)
        if self._roster.get(client_id):
            return
        if self.is_draining:
            raise BadJoin(JoinProblem.DRAINING)
        if self._members_in_all() >= self._capacity:
            raise BadJoin(JoinProblem.FULL)

    def _bar(self, client_id: str, now_s: float) -> None:
        """Keep a client out for as long as its membership could have lasted."""
        for who in [who for who, until_s in self._evicted.items() if until_s <= now_s]:
            del self._evicted[who]
        self._evicted[client_id] = now_s + LEASE_S

    def _answer(
        self, client_id: str, answer: Assignment, asked: Message | None
    ) -> None:
        """Tell a client, where it wants it if that is its own place to be told."""
        how = reply(client_id, asked)
        if how.is_elsewhere:
            self._counts["replies_elsewhere"] += 1
        self._broker.publish(
            Parcel(how.place, answer.encode(), qos=1, extras=how.extras)
        )

    def _put_out(self, client_id: str) -> None:
        """Take a client out, also for those who come after this worker."""
        slot = placement.slot_of(client_id)
        self._clear_membership(slot, client_id)
        self.members.leave(slot, client_id)

    def _hear_of_leave(self, client_id: str, known: Member | None) -> None:
        """Another worker, which had the slot before, has put a client out."""
        if known and known.is_admitted:
            # It has come back since: that one was late.
            self._keep_membership(client_id, known.key)
        else:
            self.members.remove(client_id)

    def _keep_membership(self, client_id: str, key: Key) -> None:
        kept = Membership(key.room, key.profile).encode()
        place, extras = topic.member(key.slot, client_id), Extras(expires_in_s=LEASE_S)
        self._broker.publish(Parcel(place, kept, retain=True, extras=extras))

    def _clear_membership(self, slot: str, client_id: str) -> None:
        self._broker.publish(Parcel(topic.member(slot, client_id), retain=True))

    def _members_in_all(self) -> int:
        return len(self._roster) + self.members_elsewhere

    def _spread_s(self) -> float:
        return placement.spread_s(max(self._held_members, self._members_in_all()))
