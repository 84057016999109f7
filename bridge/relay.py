"""The relay loop, written against small protocols instead of clients."""

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bridge import metrics
from bridge.record import EncodedPulse, Unreadable, read
from bridge.rooms import EncodedFrame, Removal, Rooms, Travelling
from bridge.states import Known, RoomStates, StateSource
from ingest.kafka_log import Record
from ingest.outage import Outage
from ingest.room_state import RoomState
from mosquitto import topic

log = logging.getLogger(__name__)

PULSE_EXPIRY_S = 6
"""A sign of life that is older says nothing any more."""

_BACK_OFF_BASE_S = 0.1
_BACK_OFF_CAP_S = 5.0


class MainLost(Exception):
    """The main broker is away; connect, then publish every room again."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something to publish.

    Attributes:
        retained: It stands for its topic from now on, and main acknowledges it;
            an empty payload takes back what stood there. Otherwise nobody waits.
        expiry_s: After how long it is worth nothing; None for never.
    """

    topic: str
    payload: bytes
    retained: bool
    expiry_s: int | None = None


class FrameLog(Protocol):
    """Where frames come from, from the first one that is kept."""

    @property
    def caught_up(self) -> bool:
        """Whether what lay in the log at the start has been polled."""
        ...

    def poll(self, timeout_s: float) -> Sequence[Record]:
        """Return the records that came, oldest first; none after `timeout_s`."""
        ...

    def commit(self) -> None:
        """Remember that everything polled so far is done."""
        ...


class MainBroker(Protocol):
    """Where frames go."""

    def connect(self) -> None:
        """Connect anew.

        Raises:
            MainLost: If main cannot be reached or refuses.
        """
        ...

    def serve(self) -> None:
        """Give the connection what it needs to stay; does not wait.

        Raises:
            MainLost: If it stands no more.
        """
        ...

    def publish(self, messages: Sequence[Message]) -> None:
        """Send all in order; return once each retained one is acknowledged.

        Raises:
            MainLost: If not all were. Some may have arrived.
        """
        ...


class Relay:
    """Moves each room's newest frame, and its state, from their logs to main.

    Offsets are committed only after main acknowledged everything up to them, so a
    crash repeats frames and never skips a room's last one. Main keeps nothing on
    disk: at each connect every room is published again. While main is away the log
    is read on, so that what is published then is the newest. States travel behind
    what a poll of frames brings, and no frame waits for them.
    """

    def __init__(
        self,
        frames: FrameLog,
        states: StateSource,
        main: MainBroker,
        *,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._frames = frames
        self._states = RoomStates(states)
        self._main = main
        self._now_ms = now_ms
        self._rooms = Rooms()
        self._outage = Outage("main", metrics.MAIN_UP)
        self._retry = _BackOff()
        self._linked = False

    def step(self, timeout_s: float) -> None:
        """Move what one poll brings, waiting for it at most `timeout_s`."""
        travelling, pulse = self._sort(self._frames.poll(timeout_s))
        metrics.ROOMS.set(len(self._rooms))
        if not self._frames.caught_up:
            return
        try:
            if self._linked:
                self._main.serve()
                self._publish(travelling, pulse)
                self._observe(travelling)
                self._tell(self._states.changed())
            elif self._retry.due():
                self._connect()
            else:
                return
        except MainLost as error:
            self._linked = False
            self._outage.lasts(str(error))
            self._retry.failed()
        else:
            self._frames.commit()

    def _connect(self) -> None:
        self._main.connect()
        metrics.CONNECTS.inc()
        self._publish(self._rooms.everything(), pulse=None)
        self._tell(self._states.everything())
        self._linked = True
        self._outage.ended()
        self._retry.succeeded()

    def _publish(self, travelling: Travelling, pulse: EncodedPulse | None) -> None:
        messages = [_clear(room) for room in travelling.removed]
        messages += [_message(frame) for frame in travelling.frames]
        if pulse and self._is_fresh(pulse):
            messages.append(_sign_of_life(pulse))
        if messages:
            self._main.publish(messages)

    def _tell(self, states: Known) -> None:
        if states:
            self._main.publish([_state(room, state) for room, state in states.items()])

    def _observe(self, travelling: Travelling) -> None:
        now_ms = self._now_ms()
        for frame in travelling.frames:
            metrics.FRAME_AGE.observe((now_ms - frame.stamp.times.made_ms) / 1000)

    def _is_fresh(self, pulse: EncodedPulse) -> bool:
        fresh = self._now_ms() - pulse.pulse.sent_ms <= PULSE_EXPIRY_S * 1000
        (metrics.PULSES if fresh else metrics.LATE_PULSES).inc()
        return fresh

    def _sort(
        self, records: Sequence[Record]
    ) -> tuple[Travelling, EncodedPulse | None]:
        """Tell frames from the pulse, and pass over what is neither."""
        events: list[EncodedFrame | Removal] = []
        pulse = None
        for record in records:
            try:
                event = read(record)
            except Unreadable as error:
                _pass_over(record, error)
                continue
            if isinstance(event, EncodedPulse):
                pulse = event
            else:
                events.append(event)
        travelling = self._rooms.take(events)
        metrics.REPLAYED.inc(travelling.replayed)
        metrics.SUPERSEDED.inc(travelling.superseded)
        return travelling, pulse


class _BackOff:
    """Full jitter: any time up to a bound that doubles with each failure."""

    def __init__(self) -> None:
        self._bound_s = _BACK_OFF_BASE_S
        self._not_before_s = time.monotonic()

    def due(self) -> bool:
        return time.monotonic() >= self._not_before_s

    def failed(self) -> None:
        # No secret hangs on it.
        wait_s = random.uniform(0, self._bound_s)  # noqa: S311
        self._not_before_s = time.monotonic() + wait_s
        self._bound_s = min(2 * self._bound_s, _BACK_OFF_CAP_S)

    def succeeded(self) -> None:
        self._bound_s = _BACK_OFF_BASE_S


def _message(frame: EncodedFrame) -> Message:
    return Message(topic.room_frame(frame.room), frame.payload, retained=True)


def _clear(room: str) -> Message:
    return Message(topic.room_frame(room), b"", retained=True)


def _state(room: str, state: RoomState | None) -> Message:
    payload = b"" if state is None else state.encode()
    return Message(topic.room_state(room), payload, retained=True)


def _sign_of_life(pulse: EncodedPulse) -> Message:
    return Message(
        topic.CONTROL_PULSE, pulse.payload, retained=False, expiry_s=PULSE_EXPIRY_S
    )


def _pass_over(record: Record, error: Unreadable) -> None:
    log.warning(
        "passed over record partition=%d offset=%d reason=%s",
        record.partition,
        record.offset,
        error,
    )
    metrics.UNREADABLE.labels(error.reason).inc()
