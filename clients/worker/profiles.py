"""The forms in which a registered client gets frames.

A new one is a class here and an entry in `PROFILES`.
"""

from collections.abc import Mapping
from typing import Protocol

from stream.frame import Frame

LITE_MAX_BYTES = 64
LITE_SCANF = "%lld %lld %31s %ld %31s %ld %31s %ld"
"""How a small device reads `lite`; what is found is 2 and 2 for each emoji."""

_LITE_EMOJI_MAX = 3
_LITE_EMOJI_MAX_BYTES = 31
"""What `LITE_SCANF` has room for; a few sequences of several people are longer."""


class Profile(Protocol):
    """How a frame is made smaller for some clients."""

    @property
    def name(self) -> str:
        """The last level of the relay's topic."""
        ...

    @property
    def every_s(self) -> float:
        """The least time between two messages, in seconds; the newest is never lost."""
        ...

    def render(self, payload: bytes) -> bytes:
        """Return what is sent for an encoded frame.

        Raises:
            BadFrame: If it is none.
        """
        ...


class Full:
    """The frame as it is."""

    name = "full"
    every_s = 0.0

    def render(self, payload: bytes) -> bytes:
        """Return the frame itself."""
        return payload


class Lite:
    """One line of at most 64 bytes, for a device that has room for little more.

    `window_start_ms total emoji count emoji count emoji count`, the window's largest
    first, in UTF-8; as many pairs as fit, three at most, none if nobody reacted.
    """

    name = "lite"
    every_s = 1.0

    def render(self, payload: bytes) -> bytes:
        """Return the frame's line."""
        frame = Frame.decode(payload)
        line = f"{frame.window_start_ms} {frame.total}".encode()
        largest = sorted(frame.counts.items(), key=lambda item: (-item[1], item[0]))
        pairs = 0
        for emoji, count in largest:
            more = f" {emoji} {count}".encode()
            is_short = len(emoji.encode()) <= _LITE_EMOJI_MAX_BYTES
            if is_short and len(line) + len(more) <= LITE_MAX_BYTES:
                line += more
                pairs += 1
            if pairs == _LITE_EMOJI_MAX:
                break
        return line


FULL: Profile = Full()
LITE: Profile = Lite()

PROFILES: Mapping[str, Profile] = {profile.name: profile for profile in (FULL, LITE)}
"""By name."""
