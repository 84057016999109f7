"""One client at one cluster's broker: it watches a room there, and joins it.

What it has seen is written by its own thread, and read under the lock it was given.
"""

import threading
import time
from dataclasses import dataclass, field

from clients.address import Address
from clients.event import Connected, Event, Lost, Message, Tick
from clients.link import Link
from clients.newest import Newest
from clients.parcel import Following, Parcel
from clients.worker.wire import Assignment, BadMessage, BrokerAddress, Join
from mosquitto import topic
from stream.frame import BadFrame, Frame, Pulse

_JOIN_EVERY_S = 2.0
"""As long as nobody answers."""

_CLOSED_WITHIN_S = 2.0


@dataclass(slots=True)
class Way:
    """Frames as they come on one topic."""

    newest: Newest[Frame] = field(default_factory=lambda: Newest(Frame.decode))
    seen: list[tuple[float, int]] = field(default_factory=list)
    """When which total came, of each frame that was news."""

    @property
    def frame(self) -> Frame | None:
        """The newest."""
        return self.newest.frame

    def take(self, message: Message) -> None:
        """Take a frame.

        Raises:
            BadFrame: If it is none.
        """
        news = self.newest.take(message.payload)
        if news:
            self.seen.append((message.at_s, news.total))

    def reached_s(self, total: int) -> float | None:
        """Return when the total was first so high."""
        return next((at_s for at_s, seen in self.seen if seen >= total), None)


class Station:
    """Connects to a broker until it is closed.

    Args:
        broker: Of which cluster.
        client_id: As whom, given by the server.
        room: Which room.
        changed: Held while something changes, and notified.
    """

    def __init__(
        self,
        broker: BrokerAddress,
        client_id: str,
        room: str,
        changed: threading.Condition,
    ) -> None:
        self.name = f"{broker.host}:{broker.port}"
        self.connected_s: float | None = None
        self.pulsed_s: float | None = None
        self.joined_s: float | None = None
        self.problem = ""
        """Why there is no connection, or what was said that cannot be."""
        self.watched, self.relayed = Way(), Way()
        """As anybody sees the room, and as a registered client does."""
        self._id, self._room, self._changed = client_id, room, changed
        self._frames = topic.room_frame(room)
        self._assignment = topic.client_assignment(client_id)
        self._relay = ""
        self._join_s = 0.0
        self._is_ending = threading.Event()
        self._leave = Parcel(topic.client_leave(client_id), qos=1)
        followed = {
            self._assignment: Following(qos=1),
            topic.CONTROL_PULSE: Following(),
            self._frames: Following(),
        }
        address = Address(broker.host, broker.port, client_id=client_id)
        self._link = Link(address, followed, will=self._leave)
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        """Connect, in a thread."""
        self._thread.start()

    def end(self) -> None:
        """Leave soon."""
        self._is_ending.set()

    def wait(self) -> None:
        """Wait until it has left, but not for a broker that hangs."""
        self._thread.join(_CLOSED_WITHIN_S)

    def _run(self) -> None:
        for event in self._link.events():
            with self._changed:
                self._take(event)
                self._changed.notify_all()
            if self._is_ending.is_set():
                break
            self._join(event.at_s)
        self._link.publish(self._leave)
        self._link.close()

    def _take(self, event: Event) -> None:
        match event:
            case Connected(at_s=at_s):
                self.connected_s, self.problem = at_s, ""
            case Lost(reason=reason):
                self.problem, self._join_s = reason, 0.0
                self.connected_s = self.joined_s = None
            case Message():
                self._hear(event)
            case Tick():
                pass

    def _hear(self, message: Message) -> None:
        try:
            if message.topic == topic.CONTROL_PULSE:
                Pulse.decode(message.payload)
                self.pulsed_s = message.at_s
            elif message.topic == self._frames:
                self.watched.take(message)
            elif message.topic == self._assignment:
                self._learn(Assignment.decode(message.payload), message.at_s)
            elif message.topic == self._relay and message.payload:
                self.relayed.take(message)
        except (BadFrame, BadMessage) as error:
            self.problem = f"{message.topic}: {error}"

    def _learn(self, answer: Assignment, at_s: float) -> None:
        if answer.error:
            self.problem = f"{answer.error}: {answer.help}"
            return
        self._relay = answer.topic
        self._link.follow(self._relay)
        self.joined_s = at_s

    def _join(self, now_s: float) -> None:
        """Ask to be served, until that is answered."""
        if self.connected_s is None or self.joined_s is not None:
            return
        if now_s >= self._join_s:
            self._join_s = time.monotonic() + _JOIN_EVERY_S
            join = Parcel(topic.client_join(self._id), Join(self._room).encode(), qos=1)
            self._link.publish(join)
