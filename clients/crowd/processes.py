"""A crowd's processes, and what they said last."""

import selectors
from contextlib import ExitStack
from typing import Self

from clients.crowd.child import Child, ChildFailed
from clients.crowd.sending import Outcome, Sendings
from clients.crowd.wire import (
    Attended,
    News,
    Order,
    SeatedNow,
    SendingNow,
    Started,
)
from clients.server import Unreachable

SEATS, SENDER = "seats", "sender"


class Processes:
    """They run until the block ends."""

    def __init__(self) -> None:
        self._children: dict[str, Child] = {}
        self._using = ExitStack()
        self._selector = selectors.DefaultSelector()
        self.seated: SeatedNow | None = None
        self.sending: SendingNow | None = None
        self.started_s: float | None = None
        """When the first POST is due."""
        self.sendings: Sendings | None = None
        self.attended: Attended | None = None

    def __enter__(self) -> Self:
        """Begin."""
        self._using.enter_context(self._selector)
        return self

    def __exit__(self, *_: object) -> None:
        """End them, whatever they are at."""
        self._using.close()
        self._children.clear()

    @property
    def pids(self) -> dict[str, int]:
        """Their ids, by name."""
        return {name: child.pid for name, child in self._children.items()}

    @property
    def total(self) -> int:
        """The newest that anybody got."""
        return self.seated.total if self.seated else 0

    @property
    def accepted(self) -> int:
        """The reactions of all batches that were answered 202, once all is sent."""
        return self._sum_of("accepted")

    @property
    def unknown(self) -> int:
        """The reactions of all batches without a certain answer, once all is sent."""
        return self._sum_of("unknown")

    def start(self, name: str, order: object) -> None:
        """Start one, with what it is to do."""
        child = self._using.enter_context(Child(f"clients.crowd.{name}", order))
        self._children[name] = child
        self._selector.register(child, selectors.EVENT_READ, child)

    def tell(self, name: str, order: Order) -> None:
        """Give an order to one, if it has been started."""
        if child := self._children.get(name):
            child.tell(order)

    def turn(self, longest_s: float) -> None:
        """Take what they say, or wait a moment for it.

        Raises:
            ChildFailed: If one ended before it had done its work.
            Unreachable: If nobody answers where clients register.
        """
        for key, _ in self._selector.select(longest_s):
            self._read(key.data)

    def _read(self, child: Child) -> None:
        try:
            news = child.read()
        except ChildFailed:
            self._selector.unregister(child)
            is_sender = child is self._children.get(SENDER)
            if (self.sendings if is_sender else self.attended) is None:
                raise
            return
        for one in news:
            self._take(one)

    def _take(self, news: News) -> None:
        match news:
            case SeatedNow():
                self.seated = news
                if news.is_hopeless:
                    raise Unreachable(news.problem)
            case SendingNow():
                self.sending = news
            case Started(at_s=at_s):
                self.started_s = at_s
            case Sendings():
                self.sendings = news
            case Attended():
                self.attended = news

    def _sum_of(self, outcome: Outcome) -> int:
        sent = self.sendings.sent if self.sendings else ()
        return sum(one.reactions for one in sent if one.outcome == outcome)
