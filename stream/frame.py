"""The frame: the state of one room in one window, and its form on the wire.

Also the pulse, the sign of life that travels beside the frames. How a frame is
computed is `stream.framing`'s business; nothing here needs a JVM.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Self, TypeVar

import msgspec

FRAME_MAX_BYTES = 4096
FRAME_EMOJI_MAX = 32

Position = tuple[str, int, int]
"""`(epoch, seq, window_start_ms)`: of two frames of a room the higher is newer."""


class BadFrame(ValueError):
    """The bytes are not a frame or a pulse of a version that this code reads."""


class Times(msgspec.Struct, frozen=True):
    """When the frame's newest reaction was stored, and when the frame was made."""

    appended_ms: int
    made_ms: int


class Stamp(msgspec.Struct, frozen=True):
    """As much of a frame as a relay needs: whose it is and how new."""

    v: int
    room: str
    epoch: str
    seq: int
    window_start_ms: int
    window_ms: int

    @property
    def position(self) -> Position:
        """Where the frame stands among its room's frames."""
        return (self.epoch, self.seq, self.window_start_ms)

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read these fields of an encoded frame.

        Raises:
            BadFrame: If `raw` is not a frame of version 1.
        """
        return _decode(raw, cls)


class Frame(Stamp, frozen=True):
    """One room in one window: absolute, replaceable, numbered.

    `counts` holds at most `FRAME_EMOJI_MAX` emoji, the rest of the window is
    summed in `other`. `scaled`, `share` and `totals` are of the same emoji and of
    the room's largest; `mood`, `sentiment` and `total` are of all of them.
    """

    counts: Mapping[str, int]
    other: int
    scaled: Mapping[str, int]
    share: Mapping[str, float]
    mood: Mapping[str, float]
    sentiment: Mapping[str, float]
    total: int
    totals: Mapping[str, int]
    times: Times

    def encode(self) -> bytes:
        """Return the JSON that `decode` reads."""
        return msgspec.json.encode(self)


class Pulse(msgspec.Struct, frozen=True):
    """A sign of life: the stream's query was running at `sent_ms`."""

    v: int
    epoch: str
    sent_ms: int

    def encode(self) -> bytes:
        """Return the JSON that `decode` reads."""
        return msgspec.json.encode(self)

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a pulse.

        Raises:
            BadFrame: If `raw` is not a pulse of version 1.
        """
        return _decode(raw, cls)


def epoch_text(epoch_ms: int) -> str:
    """Write an epoch as frames carry it; as text it sorts as in time."""
    moment = dt.datetime.fromtimestamp(epoch_ms / 1000, tz=dt.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{epoch_ms % 1000:03d}Z"


def epoch_ms(epoch: str) -> int:
    """Return the moment that `epoch_text` wrote, in milliseconds."""
    moment = dt.datetime.fromisoformat(epoch)
    return round(moment.timestamp() * 1000)


_Wire = TypeVar("_Wire", bound=Stamp | Pulse)


def _decode(raw: bytes, kind: type[_Wire]) -> _Wire:
    try:
        wire = msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadFrame(f"not a {kind.__name__.lower()}: {error}") from error
    if wire.v != 1:
        raise BadFrame(f"version {wire.v} of a {kind.__name__.lower()}, not 1")
    return wire
