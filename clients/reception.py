"""What has been received of a room: its newest frame, and how alive its way here is.

Pure: a state machine over the events of a connection.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from clients.event import Connected, Event, Lost, Message
from clients.liveness import Liveness, State
from clients.newest import Newest, Positioned
from clients.steps import Joined
from mosquitto.topic import CONTROL_PULSE
from stream.frame import BadFrame, Pulse

F = TypeVar("F", bound=Positioned)


class Reception(Generic[F]):
    """Takes events and tells which frames are news.

    Args:
        decode: Reads a frame in the form in which it comes.
        topic: Where frames come; whoever joins is told, and needs none.
    """

    def __init__(self, decode: Callable[[bytes], F], topic: str = "") -> None:
        self.joined: Joined | None = None
        """Where this client is served; None for who only watches."""
        self.reason = ""
        """Why there is no connection."""
        self.unreadable: str | None = None
        """What was wrong with the first message that could not be read."""
        self._topic = topic
        self._newest = Newest(decode)
        self._liveness = Liveness()

    @property
    def state(self) -> State:
        """How things stood at the last event."""
        return self._liveness.state

    @property
    def frame(self) -> F | None:
        """The newest frame."""
        return self._newest.frame

    def take(self, event: Event) -> F | None:
        """Learn what happened; return a frame if that is news."""
        self._liveness.tick(event.at_s)
        match event:
            case Connected():
                if isinstance(event, Joined):
                    self.joined, self._topic = event, event.assignment.topic
                self.reason = ""
                if not (isinstance(event, Joined) and event.is_move):
                    self._liveness.begin()
            case Lost(reason=reason):
                self.reason = reason
                self._liveness.end()
            case Message():
                return self._read(event)
            case _:
                pass  # only time has passed
        return None

    def _read(self, message: Message) -> F | None:
        try:
            if message.topic == CONTROL_PULSE:
                Pulse.decode(message.payload)
                self._liveness.pulse()
            elif message.topic == self._topic:
                return self._read_frame(message)
        except BadFrame as error:
            self.unreadable = self.unreadable or f"{message.topic}: {error}"
        return None

    def _read_frame(self, message: Message) -> F | None:
        if not message.payload:
            if not self.joined:  # else it is the relay that ends, not the room
                self._newest.forget()
            return None
        news = self._newest.take(message.payload)
        if news is not None and not message.retained:
            self._liveness.frame()
        return news
