"""The lines of a timeline's file, and what they say together.

The file is JSON lines: a title, moments with their texts, and how many of each emoji
came from when for how long. Or it is a recording, frames as a cluster's broker sent
them, several a window; moments may be put beside them:

    {"title": "The cup final"}
    {"at_s": 63, "text": "Goal! 1:0"}
    {"at_s": 62, "for_s": 2, "counts": {"🎉": 4000, "❤️": 900}}

    mosquitto_sub -p 1885 -t rooms/final/frame > match.jsonl
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, TypeVar

import msgspec
from msgspec.structs import replace

from ingest import emoji_table
from stream.frame import BadFrame, Frame

WEEK_S = 7 * 24 * 3600

TOUCHING_S = 1e-6
"""0.1 s and 0.2 s are a little more than 0.3 s."""

_ELSEWHEN_S = 60.0
"""A recording's first window that is so much older is what the broker had retained."""

_Second = Annotated[float, msgspec.Meta(ge=0, le=WEEK_S)]
_Seconds = Annotated[float, msgspec.Meta(gt=0, le=WEEK_S)]
_Count = Annotated[float, msgspec.Meta(ge=0, le=1e12)]


class BadTimeline(ValueError):
    """The file cannot be played; the text says which line, and what is wrong."""


class Moment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something happens that a person would tell of."""

    at_s: _Second
    text: str


class _Title(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str


class Burst(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many reactions come in one stretch of time."""

    at_s: _Second
    for_s: _Seconds
    counts: Mapping[str, _Count]
    other: _Count = 0.0

    @property
    def end_s(self) -> float:
        """When it is over."""
        return self.at_s + self.for_s

    @property
    def per_s(self) -> float:
        """How many come in a second of it."""
        return (sum(self.counts.values()) + self.other) / self.for_s


class Chronicle:
    """What the lines have said so far."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.moments: list[Moment] = []
        self._told: list[Burst] = []
        self._room = ""
        self._windows: dict[int, Burst] = {}
        """Each as its last frame told it, by its start in milliseconds."""

    def take(self, line: bytes) -> None:
        """Learn what a line says.

        Raises:
            BadTimeline: If it says nothing that is known.
        """
        if not line:
            return
        fields = _decode(line, dict[str, msgspec.Raw])
        if "v" in fields:
            self._record(line)
        elif "title" in fields:
            self.title = _decode(line, _Title).title
        elif "text" in fields:
            self.moments.append(_decode(line, Moment))
        elif "counts" in fields:
            burst = _decode(line, Burst)
            self._told.append(replace(burst, counts=_canonical(burst.counts)))
        else:
            raise BadTimeline("it has neither a title, nor a text, nor counts")

    def bursts(self) -> list[Burst]:
        """Return all bursts in order.

        Raises:
            BadTimeline: If one begins before the one before has ended.
        """
        bursts = sorted([*self._told, *self._recorded()], key=lambda burst: burst.at_s)
        for one, following in pairwise(bursts):
            if following.at_s < one.end_s - TOUCHING_S:
                raise BadTimeline(
                    f"counts from {following.at_s:g} s on begin before those"
                    f" from {one.at_s:g} s on have ended"
                )
        return bursts

    def _record(self, line: bytes) -> None:
        try:
            frame = Frame.decode(line)
        except BadFrame as error:
            raise BadTimeline(str(error)) from error
        if self._room not in {"", frame.room}:
            raise BadTimeline(f"a frame of {frame.room}, after those of {self._room}")
        self._room = frame.room
        burst = Burst(0, frame.window_ms / 1000, frame.counts, frame.other)
        self._windows[frame.window_start_ms] = _checked(burst)

    def _recorded(self) -> list[Burst]:
        starts_ms = sorted(self._windows)
        if len(starts_ms) > 1 and starts_ms[1] - starts_ms[0] > _ELSEWHEN_S * 1000:
            starts_ms = starts_ms[1:]
        at_s = [(start_ms - starts_ms[0]) / 1000 for start_ms in starts_ms]
        if at_s and at_s[-1] > WEEK_S:
            raise BadTimeline("more than a week lies between the frames")
        return [
            replace(self._windows[start_ms], at_s=second)
            for start_ms, second in zip(starts_ms, at_s, strict=True)
        ]


def _checked(burst: Burst) -> Burst:
    """Return what a frame told, if it can be so."""
    try:
        return msgspec.convert(msgspec.structs.asdict(burst), Burst)
    except msgspec.ValidationError as error:
        raise BadTimeline(str(error)) from error


def _canonical(counts: Mapping[str, float]) -> Mapping[str, float]:
    """Return how many there are of each emoji, in the one form that frames have."""
    sums: dict[str, float] = {}
    for text, number in counts.items():
        emoji = emoji_table.canonical(text)
        if emoji is None:
            raise BadTimeline(f"{text!r} is no emoji")
        sums[emoji] = sums.get(emoji, 0) + number
    return sums


_Line = TypeVar("_Line")


def _decode(line: bytes, kind: type[_Line]) -> _Line:
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadTimeline(str(error)) from error
