"""The clusters' registered clients, as one who closes and opens clusters needs them.

Asked of the main broker and of the clusters' own, as the operator.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from clients.worker.wire import BadMessage, Move, Moves, WorkerStatus
from compose import members
from compose.credentials import Credentials
from compose.errors import Refused
from compose.mqtt_reader import BrokerRefused, Login, read
from compose.mqtt_writer import publish_retained
from compose.scaling.drains import Drain
from compose.settings import Settings
from mosquitto.acl import OPERATOR
from mosquitto.topic import ANY, CONTROL_MOVE, cluster_link, worker_of, worker_status

_ANSWER_WITHIN_S = 3.0

_FRESH_S = 3.0
"""A worker that said nothing for so long is dead to its peers, and to us."""


class NoMain(Refused):
    """The main broker does not answer."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A cluster that takes clients, or is being left, as its workers said last."""

    members: int
    capacity: int
    is_draining: bool
    """Whether all of its workers know that it is to be left."""


class Audience(Protocol):
    """Who has joined where, and the way to ask them to go."""

    def seen(self) -> Mapping[str, Seen]:
        """Return the clusters that live, by name.

        Raises:
            NoMain: If that cannot be known.
        """
        ...

    def tell(self, drains: Iterable[Drain]) -> None:
        """Tell which clusters are to be left; no other one is.

        Raises:
            NoMain: If it could not be said.
        """
        ...

    def is_told(self, drains: Iterable[Drain]) -> bool:
        """Return whether main knows just these: one that was started again does not.

        Raises:
            NoMain: If that cannot be known.
        """
        ...

    def kept(self, cluster: str) -> int | None:
        """Return how many members a cluster's broker knows; None if it is silent."""
        ...


class AudienceAtMain:
    """The audience of a running system.

    Raises:
        FileNotFoundError: If no system was ever started with these settings.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        passwords = Credentials.load(settings.state_dir).passwords
        self._login = Login(OPERATOR, passwords[OPERATOR])

    def seen(self) -> Mapping[str, Seen]:
        """Return the clusters that live, by name."""
        came = self._read([cluster_link(ANY), worker_status(ANY, ANY)])
        return clusters_seen(came, time.time_ns() // 1_000_000)

    def tell(self, drains: Iterable[Drain]) -> None:
        """Tell which clusters are to be left; no other one is."""
        try:
            publish_retained(
                self._settings.main_port,
                CONTROL_MOVE,
                _moves(drains).encode(),
                login=self._login,
                within_s=_ANSWER_WITHIN_S,
            )
        except BrokerRefused as error:
            raise _no_main(error) from error

    def is_told(self, drains: Iterable[Drain]) -> bool:
        """Return whether main knows just these."""
        came = self._read([CONTROL_MOVE])
        try:
            return Moves.decode(came[CONTROL_MOVE]) == _moves(drains)
        except (KeyError, BadMessage):
            return False

    def _read(self, topics: Sequence[str]) -> Mapping[str, bytes]:
        try:
            return read(
                self._settings.main_port,
                topics,
                login=self._login,
                within_s=_ANSWER_WITHIN_S,
            )
        except BrokerRefused as error:
            raise _no_main(error) from error

    def kept(self, cluster: str) -> int | None:
        """Return how many members a cluster's broker knows; None if it is silent."""
        return members.count(self._settings, cluster)


def clusters_seen(came: Mapping[str, bytes], now_ms: int) -> dict[str, Seen]:
    """Say of each cluster that is linked to main what its live workers said last.

    Args:
        came: The newest message of each topic of the main broker.
        now_ms: When they came.
    """
    said: dict[str, list[WorkerStatus]] = {}
    for topic, payload in came.items():
        named = worker_of(topic)
        status = _status(payload) if named and payload else None
        if not named or not status or came.get(cluster_link(named[0])) != b"1":
            continue
        if now_ms - status.at_ms <= _FRESH_S * 1000:
            said.setdefault(named[0], []).append(status)
    return {name: _together(statuses) for name, statuses in said.items()}


def _together(statuses: list[WorkerStatus]) -> Seen:
    return Seen(
        members=sum(status.members for status in statuses),
        capacity=max(statuses, key=lambda status: status.at_ms).capacity,
        is_draining=all(status.is_draining for status in statuses),
    )


def _moves(drains: Iterable[Drain]) -> Moves:
    return Moves({drain.cluster: Move(drain.spread_s) for drain in drains})


def _status(payload: bytes) -> WorkerStatus | None:
    try:
        return WorkerStatus.decode(payload)
    except BadMessage:
        return None


def _no_main(error: BrokerRefused) -> NoMain:
    return NoMain(
        f"The main broker does not answer ({error}): `emostream status` says what is"
        " wrong."
    )
