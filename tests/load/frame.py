"""A frame as whoever watches reads it: what the bench needs of its JSON."""

import msgspec

BRIDGE_TIME = "bridge_ms"
"""User property of a frame: when the bridge sent it."""

WORKER_TIME = "worker_ms"
"""The same of a relayed frame: when the worker sent it."""


class Times(msgspec.Struct, frozen=True):
    """When it came to be."""

    made_ms: int


class Frame(msgspec.Struct, frozen=True):
    """What it says of itself."""

    room: str
    epoch: str
    seq: int
    window_start_ms: int
    total: int
    times: Times

    @classmethod
    def decode(cls, raw: bytes) -> "Frame":
        """Read a frame.

        Raises:
            msgspec.MsgspecError: If it is none.
        """
        return msgspec.json.decode(raw, type=cls)

    @property
    def name(self) -> str:
        """What tells it from the other frames of its room."""
        return f"{self.epoch}/{self.seq}/{self.window_start_ms}"

    @property
    def made_s(self) -> float:
        """When the stream made it, in seconds since the epoch."""
        return self.times.made_ms / 1000
