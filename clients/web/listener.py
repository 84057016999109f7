"""One thread that hears main, for all that a web worker answers from."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from clients.event import Connected, Event, Lost
from clients.web import metrics
from ingest.outage import Outage

CLOSE_WITHIN_S = 1.0

log = logging.getLogger(__name__)


class MainLink(Protocol):
    """The connection to main; `clients.link.Link` is one."""

    def events(self) -> Iterator[Event]:
        """Yield what happens, and a `Tick` at least every quarter of a second."""
        ...

    def close(self) -> None:
        """Take leave, in the thread that iterates over `events`."""
        ...


class Hearer(Protocol):
    """Something that answers from what main says."""

    def take(self, event: Event) -> None:
        """Learn what happened; whoever answers does not look meanwhile."""
        ...


class Listener:
    """Tells every event to all hearers, one after the other.

    Args:
        link: Followed by a thread of this object's own, from `start` to `close`.
        hearers: Who learns of each event.
        changed: Held while they learn it, and notified then; who answers holds it.
        clock: Seconds that only go forward, as in the events.
        end_worker: Called when that thread cannot go on; whoever runs the worker
            starts another.
    """

    def __init__(
        self,
        link: MainLink,
        hearers: Sequence[Hearer],
        changed: threading.Condition,
        *,
        clock: Callable[[], float] = time.monotonic,
        end_worker: Callable[[], None] = lambda: os.kill(os.getpid(), signal.SIGTERM),
    ) -> None:
        self._link, self._hearers, self._changed = link, hearers, changed
        self._clock, self._end_worker = clock, end_worker
        self._outage = Outage("main", metrics.MAIN_UP)
        self._closing = False
        self._thread = threading.Thread(target=self._listen, name="main", daemon=True)

    def start(self) -> None:
        """Begin to listen; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._closing = True
        self._thread.join(CLOSE_WITHIN_S)

    def _listen(self) -> None:
        try:
            for event in self._link.events():
                if self._closing:
                    break
                self._take(event)
        finally:
            # Without this thread all would be stale for the worker's life.
            if not self._closing:
                self._end()
        self._link.close()

    def _take(self, event: Event) -> None:
        with self._changed:
            for hearer in self._hearers:
                hearer.take(event)
            self._changed.notify_all()
        match event:
            case Connected():
                self._outage.ended()
            case Lost(reason=reason):
                self._outage.lasts(reason)
            case _:
                pass

    def _end(self) -> None:
        """Know nothing any more, and let another worker start with a new listener."""
        log.critical("listener ended")
        try:
            self._take(Lost(self._clock(), "the listener ended"))
        finally:
            self._end_worker()
