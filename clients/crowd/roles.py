"""What a connection's owner and what serves it ask of each other."""

from typing import Protocol

from clients.crowd.connection import Connection
from clients.crowd.relayed import Copy, Reader
from clients.event import Event, Message


class Served(Protocol):
    """Somebody who has a connection."""

    def writable(self) -> bool:
        """Send what there is room for; return whether that was not enough."""
        ...

    def receive(self, wall_s: float) -> None:
        """Read what has come.

        Args:
            wall_s: What the clock on the wall shows, where the kernel says nothing.
        """
        ...


class Loop(Protocol):
    """Where connections are served."""

    now_s: float
    reader: Reader

    def watch(self, served: Served, connection: Connection) -> None:
        """Serve it from now on."""
        ...

    def unwatch(self, connection: Connection) -> None:
        """Serve it no more."""
        ...

    def wait_to_send(self, connection: Connection) -> None:
        """Tell it when there is room."""
        ...


class Source(Protocol):
    """Where a frame came from."""

    number: int
    cluster: str

    def message(self, copy: Copy, *, retained: bool) -> Message:
        """Return a frame as an event, as if it came now."""
        ...


class Owner(Protocol):
    """Whose connections these are."""

    def take(self, number: int, event: Event) -> None:
        """Something happened on a leg."""
        ...

    def follows(self, at_s: float) -> None:
        """Frames come from now on, on one of its legs."""
        ...

    def frame(self, leg: Source, copy: Copy, arrived_s: float, flags: int) -> None:
        """A frame has come."""
        ...

    def lost(self) -> None:
        """No frames come any more, on one of its legs."""
        ...
