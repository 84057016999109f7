import threading
from collections.abc import Iterator
from queue import Empty, Queue

import pytest

from clients.event import Connected, Event, Lost, Tick
from clients.web.listener import Listener

SOON_S = 20


class BrokenDownError(Exception):
    """What a link should never raise."""


class Main:
    """A connection on which happens what a test says."""

    def __init__(self, *events: Event) -> None:
        self._events: Queue[Event | None] = Queue()
        self.closed = False
        for event in events:
            self._events.put(event)

    def breaks_down(self) -> None:
        self._events.put(None)

    def events(self) -> Iterator[Event]:
        while True:
            try:
                event = self._events.get(timeout=0.01)
            except Empty:
                event = Tick(0)
            if event is None:
                raise BrokenDownError
            yield event

    def close(self) -> None:
        self.closed = True


class Hearer:
    """Keeps what it learns, but how time passes."""

    def __init__(self, changed: threading.Condition) -> None:
        self._changed = changed
        self.heard: list[Event] = []
        self.was_told_alone: set[bool] = set()

    def take(self, event: Event) -> None:
        if type(event) is not Tick:
            self.heard.append(event)
        free = threading.Thread(target=self._look)
        free.start()
        free.join()

    def _look(self) -> None:
        """See from another thread whether somebody could look meanwhile."""
        if can_look := self._changed.acquire(blocking=False):
            self._changed.release()
        self.was_told_alone.add(not can_look)


def heard(hearer: Hearer, changed: threading.Condition, count: int) -> bool:
    with changed:
        return changed.wait_for(lambda: len(hearer.heard) >= count, SOON_S)


def test_every_event_is_told_to_all_while_nobody_looks() -> None:
    changed = threading.Condition()
    hearers = Hearer(changed), Hearer(changed)
    events = Connected(1), Lost(2, "cut"), Connected(3)
    listener = Listener(Main(*events), hearers, changed)
    listener.start()

    assert all(heard(one, changed, len(events)) for one in hearers)
    listener.close()
    for one in hearers:
        assert one.heard == [*events]
        assert one.was_told_alone == {True}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_listener_that_cannot_go_on_says_so_and_ends_its_worker(
    caplog: pytest.LogCaptureFixture,
) -> None:
    changed, main, ended = threading.Condition(), Main(Connected(1)), threading.Event()
    hearer = Hearer(changed)
    listener = Listener(main, (hearer,), changed, clock=lambda: 7, end_worker=ended.set)
    listener.start()
    main.breaks_down()

    assert ended.wait(SOON_S)
    listener.close()
    assert hearer.heard == [Connected(1), Lost(7, "the listener ended")]
    told = [one.message for one in caplog.records if one.levelname == "CRITICAL"]
    assert told == ["listener ended"]


def test_to_be_closed_is_to_take_leave_and_no_reason_to_end_the_worker() -> None:
    main, ended = Main(), threading.Event()
    listener = Listener(main, (), threading.Condition(), end_worker=ended.set)
    listener.start()

    listener.close()

    assert main.closed
    assert not ended.is_set()
