"""What the main broker tells of a room and of who serves it.

Pure: a state machine over the events of a connection.
"""

from collections import deque
from collections.abc import Iterator, Mapping

from clients.event import Event, Lost, Message
from clients.reception import Reception
from clients.worker.wire import BadMessage, WorkerStatus
from mosquitto.topic import (
    ANY,
    CONTROL_PULSE,
    cluster_link,
    linked_cluster,
    room_frame,
    worker_of,
    worker_status,
)
from stream.frame import Frame

_RATE_OVER_S = 4.0
"""Two windows: one alone goes up and down."""

_OF_A_RATE = 2
"""A rate is between two totals."""

_QUIET_AFTER_S = 10.0
"""On a machine that is behind, frames come seldom, and each tells of much."""

Worker = tuple[str, str]
"""Its cluster, and its name."""


def topics(room: str) -> tuple[str, ...]:
    """Return what a connection to main has to follow."""
    statuses, links = worker_status(ANY, ANY), cluster_link(ANY)
    return statuses, links, room_frame(room), CONTROL_PULSE


class Known:
    """The newest frame of a room, and where its clients are.

    Args:
        room: Whose frames, and whose clients.
    """

    def __init__(self, room: str) -> None:
        self._room = room
        self._reception = Reception(Frame.decode, room_frame(room))
        self._links: dict[str, bool] = {}
        self._said: dict[Worker, WorkerStatus] = {}
        self._totals: deque[tuple[float, int]] = deque()

    def take(self, event: Event) -> Frame | None:
        """Learn what happened; return a frame if that is news."""
        match event:
            case Lost():
                self._links.clear()
                self._said.clear()
            case Message():
                self._read(event)
            case _:
                pass  # only time has passed
        frame = self._reception.take(event)
        if frame:
            self._totals.append((event.at_s, frame.total))
        self._forget(event.at_s)
        return frame

    @property
    def frame(self) -> Frame | None:
        """The newest one."""
        return self._reception.frame

    @property
    def per_s(self) -> float:
        """How many reactions a second were counted lately."""
        if not self._totals:
            return 0.0
        (first_s, first), (last_s, last) = self._totals[0], self._totals[-1]
        return (last - first) / (last_s - first_s) if last_s > first_s else 0.0

    @property
    def clusters(self) -> Mapping[str, int | None]:
        """The room's clients in each cluster; None where it is away."""
        names = sorted(self._links, key=lambda name: (len(name), name))
        return {name: self._members(name) for name in names}

    @property
    def others(self) -> int:
        """How many have joined other rooms."""
        return sum(status.members - self.here(status) for _, status in self.workers())

    def here(self, status: WorkerStatus) -> int:
        """Return how many of the room's clients a worker serves."""
        return sum(status.rooms.get(self._room, {}).values())

    def workers(self, cluster: str | None = None) -> Iterator[tuple[str, WorkerStatus]]:
        """Yield the workers of a cluster, or of all that are there, by process."""
        for (where, name), status in sorted(self._said.items()):
            if self._links.get(where) and cluster in {None, where}:
                yield f"{where}-{name}", status

    def _forget(self, now_s: float) -> None:
        """Keep what the rate is of: two totals at least, unless they are old."""
        spare = len(self._totals) - _OF_A_RATE
        while spare > 0 and now_s - self._totals[0][0] > _RATE_OVER_S:
            spare -= 1
            self._totals.popleft()
        if self._totals and now_s - self._totals[-1][0] > _QUIET_AFTER_S:
            self._totals.clear()

    def _members(self, cluster: str) -> int | None:
        if not self._links[cluster]:
            return None
        return sum(self.here(status) for _, status in self.workers(cluster))

    def _read(self, message: Message) -> None:
        if cluster := linked_cluster(message.topic):
            self._links[cluster] = message.payload == b"1"
        elif named := worker_of(message.topic):
            try:
                self._said[named] = WorkerStatus.decode(message.payload)
            except BadMessage:  # nothing at all says that it is gone
                self._said.pop(named, None)
