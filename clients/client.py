"""The library: be in a room's audience, and react.

The connections have a thread of their own, and the taps another. Frames and callbacks
belong to the thread that iterates over `frames`, or that calls `run`.
"""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Literal, Self, TypeVar, overload

from clients.audience import audience
from clients.inbox import Inbox
from clients.liveness import State
from clients.newest import DECODERS, LiteFrame, Positioned
from clients.reception import Reception
from clients.sender import Sender
from clients.server import http_client, reactions_url
from clients.tally import Tally
from clients.taps import Taps
from clients.worker.wire import Join
from mosquitto.topic import MAIN_ROOM, check_room
from stream.frame import Frame

URL = "http://127.0.0.1:8080"
CLOSED_WITHIN_S = 10.0

_WAITING_MAX = 64
"""Frames that wait for a slow reader: a frame replaces those before it."""

_LEFT_WITHIN_S = 2.0

F = TypeVar("F", bound=Positioned)


@dataclass(frozen=True, slots=True)
class _News(Generic[F]):
    """A new frame, or a new state."""

    frame: F | None
    state: State


class Client(Generic[F]):
    """One of a room's audience.

    Nothing happens before the first `frames`, `run` or `tap`: who only taps does not
    join, and who only watches sends nothing.

    Args:
        room: Whose audience.
        url: The server.
        profile: `full` for frames, `lite` for the little that fits into a line.
        user_id: Who taps; by default nobody in particular.

    Raises:
        BadRoom: If no room can be called so.
        BadUrl: If `url` is not an HTTP address.
        ValueError: If there is no such profile.
    """

    @overload
    def __init__(
        self: "Client[Frame]",
        room: str = ...,
        url: str = ...,
        profile: Literal["full"] = ...,
        *,
        user_id: str = ...,
    ) -> None: ...

    @overload
    def __init__(
        self: "Client[LiteFrame]",
        room: str = ...,
        url: str = ...,
        *,
        profile: Literal["lite"],
        user_id: str = ...,
    ) -> None: ...

    def __init__(
        self,
        room: str = MAIN_ROOM,
        url: str = URL,
        profile: str = "full",
        *,
        user_id: str = "",
    ) -> None:
        if profile not in DECODERS:
            raise ValueError(f"{profile!r} is not a profile: {', '.join(DECODERS)}")
        self.room = check_room(room)
        self._join = Join(room, profile)
        self._user_id = user_id or f"client-{secrets.token_hex(8)}"
        decode: Callable[[bytes], Any] = DECODERS[profile]
        self._reception: Reception[F] = Reception(decode)
        self._state = State.CONNECTING
        self._inbox: Inbox[_News[F]] = Inbox(_WAITING_MAX)
        self._on_frame: list[Callable[[F], object]] = []
        self._on_state: list[Callable[[State], object]] = []
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._taps: Taps | None = None
        self._is_closed = False
        self._audience, self._asking = audience(self._join, url)
        self._reactions = reactions_url(url, room)

    def __enter__(self) -> Self:
        """Return this client; it is closed at the end."""
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def state(self) -> State:
        """How much the newest frame can be trusted just now."""
        return self._state

    @property
    def frame(self) -> F | None:
        """The newest frame."""
        return self._reception.frame

    @property
    def tally(self) -> Tally:
        """What became of the taps so far."""
        return self._taps.tally if self._taps else Tally()

    def on_frame(self, function: Callable[[F], object]) -> None:
        """Have each new frame given to `function` too."""
        self._on_frame.append(function)

    def on_state(self, function: Callable[[State], object]) -> None:
        """Have each new state given to `function`."""
        self._on_state.append(function)

    def frames(self) -> Iterator[F]:
        """Join, and yield each frame that is newer than all before, until `close`.

        Who is slow misses old frames, never the newest.

        Raises:
            Evicted: If the operator has put this client out.
            NotAdmitted: If no such client is taken; its label says why.
            Unreachable: If nobody answers at the URL.
        """
        self._start()
        for news in self._inbox.things():
            if news.frame is None:
                for tell in self._on_state:
                    tell(news.state)
                continue
            for show in self._on_frame:
                show(news.frame)
            yield news.frame

    def run(self) -> None:
        """Join, and call the functions of `on_frame` and `on_state` until `close`.

        Raises:
            Evicted: If the operator has put this client out.
            NotAdmitted: If no such client is taken; its label says why.
            Unreachable: If nobody answers at the URL.
        """
        for _ in self.frames():
            pass

    def tap(self, emoji: str, count: int = 1) -> bool:
        """React; return whether that was taken: too much may be waiting already.

        Taps are sent together every quarter of a second, and repeated until the server
        has answered; `close` and `tally` tell what became of them.

        Raises:
            ValueError: If `count` is not at least 1.
        """
        if count < 1:
            raise ValueError(f"{count} is no number of taps")
        taps = self._tapping()
        return taps is not None and taps.add(emoji, count)

    def close(self, within_s: float = CLOSED_WITHIN_S) -> Tally:
        """Send the taps that wait, leave, and let `frames` end.

        May be called from any thread, also from within the loop, and more than once.

        Args:
            within_s: How long the taps may take; what has no answer then is unknown.
        """
        with self._starting:
            self._is_closed = True
        self._audience.end()
        self._inbox.drop()
        tally = self._taps.close(within_s) if self._taps else Tally()
        if self._thread:
            self._thread.join(_LEFT_WITHIN_S)
        else:
            self._asking.close()
        return tally

    def _start(self) -> None:
        with self._starting:
            if self._thread is None and not self._is_closed:
                self._thread = threading.Thread(
                    target=self._attend, name="audience", daemon=True
                )
                self._thread.start()

    def _tapping(self) -> Taps | None:
        with self._starting:
            if self._taps is None and not self._is_closed:
                http = http_client(self._reactions)
                url, hurry = str(self._reactions), threading.Event()
                sender = Sender(http, url, was_reached=True, hurry=hurry)
                self._taps = Taps(self._user_id, sender, hurry, ended=http.close)
            return self._taps

    def _attend(self) -> None:
        error = None
        try:
            with self._asking, closing(self._audience.events()) as events:
                for event in events:
                    self._tell(self._reception.take(event))
        except Exception as caught:  # noqa: BLE001 - raised again where frames are taken
            error = caught
        self._inbox.close(error)

    def _tell(self, frame: F | None) -> None:
        state = self._reception.state
        if state is not self._state:
            self._state = state
            self._inbox.put(_News(None, state))
        if frame is not None:
            self._inbox.put(_News(frame, state))
