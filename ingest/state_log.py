"""What every room takes now, as Kafka's topic `states` has it: read by a thread.

The last change of a room in the log is the one that stands. A process that has not
read all that lay there when it started does not know whether a room is closed, and
says so. While Kafka is away later, what is known holds.
"""

import logging
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from prometheus_client import Counter

from ingest.kafka_log import Record
from ingest.refusal import NotStored
from ingest.room_state import Change, Entry, RoomState
from mosquitto.topic import check_room

CHANGES_MAX = 50
"""Changes of a room that are told, the newest ones; Kafka has more."""

POLL_S = 0.25
CLOSE_WITHIN_S = 0.5

log = logging.getLogger(__name__)


class RecordLog(Protocol):
    """Where changes come from, from the first one that is kept."""

    @property
    def caught_up(self) -> bool:
        """Whether what lay in the log at the start has been polled."""
        ...

    @property
    def is_away(self) -> bool:
        """Whether it cannot be read now."""
        ...

    def poll(self, timeout_s: float) -> Sequence[Record]:
        """Return the records that came, oldest first; none after `timeout_s`."""
        ...

    def close(self) -> None:
        """Let it go."""
        ...


class StateLog:
    """Holds each room's newest state and its last changes; any thread may ask.

    Args:
        records: Polled by our thread alone.
        unreadable: Counts the records that are passed over.
        end_process: Called if nothing more will be read: what is known would be taken
            for what is, for ever.
    """

    def __init__(
        self,
        records: RecordLog,
        unreadable: Counter,
        *,
        end_process: Callable[[], None] = lambda: os.kill(os.getpid(), signal.SIGTERM),
    ) -> None:
        self._records, self._unreadable = records, unreadable
        self._end_process = end_process
        self._known: Mapping[str, RoomState | None] = {}
        self._restricting: Mapping[str, RoomState] = {}
        self._changes: dict[str, deque[Change]] = {}
        self._next_offset = 0
        self._is_read = False
        self._moved = threading.Condition()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="states", daemon=True)

    def start(self) -> None:
        """Begin to read, until `close`."""
        self._thread.start()

    def close(self) -> None:
        """Read no more."""
        self._closing.set()
        self._thread.join(CLOSE_WITHIN_S)

    @property
    def is_read(self) -> bool:
        """Whether all that lay in the log at the start is known."""
        return self._is_read

    @property
    def is_away(self) -> bool:
        """Whether Kafka cannot be read now."""
        return self._records.is_away

    def problem(self) -> str | None:
        """Return why it is not known what rooms take; None if it is."""
        return None if self._is_read else "what the rooms take is still being read"

    def restriction(self, room: str) -> RoomState | None:
        """Return a room's state if there is anything that it does not take.

        Raises:
            NotStored: If that is not known yet.
        """
        if not self._is_read:
            raise NotStored
        return self._restricting.get(room)

    def state(self, room: str) -> RoomState:
        """Return what a room takes, as far as was read."""
        return self._known.get(room) or RoomState.untouched(room)

    def changes(self, room: str) -> list[Change]:
        """Return a room's last changes, the newest first."""
        with self._moved:
            return [*reversed(self._changes.get(room, ()))]

    def known(self) -> Mapping[str, RoomState | None]:
        """Return every room's state; another mapping whenever one has changed.

        None is the state of a room that was taken out of the log.
        """
        return self._known

    def wait_read(self, within_s: float) -> bool:
        """Wait until all that lay in the log at the start is known; tell if it is."""
        with self._moved:
            return self._moved.wait_for(lambda: self._is_read, within_s)

    def wait_past(self, offset: int, within_s: float) -> bool:
        """Wait until the record at `offset` was read; tell whether it was in time."""
        with self._moved:
            return self._moved.wait_for(lambda: self._next_offset > offset, within_s)

    def step(self, timeout_s: float) -> None:
        """Take in what one poll brings, waiting for it at most `timeout_s`."""
        records = self._records.poll(timeout_s)
        with self._moved:
            if records:
                self._take(records)
            self._is_read = self._is_read or self._records.caught_up
            self._moved.notify_all()

    def _serve(self) -> None:
        try:
            while not self._closing.is_set():
                self.step(POLL_S)
            self._records.close()
        finally:
            if not self._closing.is_set():
                log.critical("reading of states ended")
                self._end_process()

    def _take(self, records: Sequence[Record]) -> None:
        """Replace what is known: who looks meanwhile sees all of it or nothing."""
        known = dict(self._known)
        for record in records:
            try:
                room, change = _read(record)
            except ValueError:  # its text may be as long as what a stranger wrote
                self._unreadable.inc()
                log.warning("passed over state offset=%d", record.offset)
                continue
            known[room] = self._note(room, change)
        self._known = known
        self._restricting = {
            room: state for room, state in known.items() if state and state.restricts
        }
        self._next_offset = records[-1].offset + 1

    def _note(self, room: str, change: Change | None) -> RoomState | None:
        if change is None:
            self._changes.pop(room, None)
            return None
        self._changes.setdefault(room, deque(maxlen=CHANGES_MAX)).append(change)
        return RoomState.after(change, room)


def _read(record: Record) -> tuple[str, Change | None]:
    """Return the room of a record, and its change; None takes the room out."""
    room = check_room((record.key or b"").decode())
    if record.value is None:
        return room, None
    entry = Entry.decode(record.value)
    return room, Change.of(entry, record.offset, record.appended_ms)
