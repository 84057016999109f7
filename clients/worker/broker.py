"""What a worker needs of its connection to the cluster's broker."""

from typing import Protocol

from clients.parcel import Following, Parcel


class Broker(Protocol):
    """The connection; `clients.link.Link` is one."""

    def follow(self, topic: str, how: Following | None = None) -> int:
        """Follow a topic, from now on and on each new connection.

        Returns the number of the wish: a `CaughtUp` with a smaller one came before it.
        """
        ...

    def drop(self, topic: str) -> None:
        """Follow a topic no more."""
        ...

    def publish(self, parcel: Parcel) -> None:
        """Hand a message to the broker; without a connection it is lost."""
        ...

    def give_up(self, reason: str) -> None:
        """End this connection and begin another."""
        ...
