"""Which of the frames that come is news: the others are old, or repeated."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeVar

from clients.worker.profiles import FULL, LITE
from stream.frame import BadFrame, Frame


class Positioned(Protocol):
    """Something of which one is newer than another."""

    @property
    def position(self) -> tuple[Any, ...]:
        """Of two, the one with the higher position is newer."""
        ...


@dataclass(frozen=True, slots=True)
class LiteFrame:
    """What a line of the profile `lite` says of a room's window."""

    window_start_ms: int
    total: int
    """Reactions since the room's first."""
    pairs: tuple[tuple[str, int], ...]
    """The window's largest emoji and how many there were of each, three at most."""
    line: str
    """As it came."""

    @property
    def position(self) -> tuple[int, int]:
        """Where it stands among its room's frames."""
        return (self.window_start_ms, self.total)

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a line.

        Raises:
            BadFrame: If it is none.
        """
        try:
            line = raw.decode()
            start_ms, total, *words = line.split(" ")
            names, counts = words[::2], words[1::2]
            pairs = tuple(zip(names, map(int, counts), strict=True))
            return cls(int(start_ms), int(total), pairs, line)
        except ValueError as error:
            raise BadFrame(f"not a line of {LITE.name}: {error}") from error


DECODERS: Mapping[str, Callable[[bytes], Frame | LiteFrame]] = {
    FULL.name: Frame.decode,
    LITE.name: LiteFrame.decode,
}
"""By profile."""

F = TypeVar("F", bound=Positioned)


class Newest(Generic[F]):
    """Keeps the newest frame of a room, from one connection to the next."""

    def __init__(self, decode: Callable[[bytes], F]) -> None:
        self._decode = decode
        self.frame: F | None = None

    def take(self, payload: bytes) -> F | None:
        """Return the frame if it is newer, or says something else at its position.

        The latter, because a stream that repeats a trigger may write it anew.

        Raises:
            BadFrame: If it is none.
        """
        frame, known = self._decode(payload), self.frame
        if known and (frame.position < known.position or frame == known):
            return None
        self.frame = frame
        return frame

    def forget(self) -> None:
        """The room was taken out of the log."""
        self.frame = None
