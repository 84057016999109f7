"""What a record of `reactions` holds, read from its raw value and nothing else.

The header `counts`, which the stream counts by, is never looked at: a wrong one is
just what has to be found.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from ingest.topics import BATCH_ID_HEADER, NO_ROOM, RECORD_MAX_BYTES
from mosquitto.topic import BadRoom, check_room

EMOJI_MAX_BYTES = 64

_IN_NO_EMOJI = re.compile(r'["\\\x00-\x1f]')

Headers = Sequence[tuple[str, str | bytes | None]]


@dataclass(frozen=True, slots=True)
class Posted:
    """How many reactions a record holds, and whose they are.

    Attributes:
        batch: What its repeats are known by; None if they cannot be.
    """

    room: str
    batch: str | None
    readable: int
    unreadable: int


class _Reaction(msgspec.Struct):
    emoji_type: str


_reactions = msgspec.json.Decoder(list[_Reaction])
_anything = msgspec.json.Decoder(list[Any])
_BROKEN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def read(key: bytes | None, value: bytes | None, headers: Headers | None) -> Posted:
    """Count a record's reactions; what cannot be read at all is one, unreadable."""
    room = _room(key)
    found = _emoji_of(value) if room is not None else None
    if room is None or found is None:
        return Posted(room or NO_ROOM, None, 0, 1)
    readable = len(found)
    if not all(map(is_emoji, {*found})):
        readable = sum(map(is_emoji, found))
    return Posted(room, _batch(headers), readable, len(found) - readable)


@lru_cache(maxsize=8192)
def is_emoji(text: str | None) -> bool:
    """Tell whether the text can be counted as an emoji; None is what was none."""
    if text is None or _IN_NO_EMOJI.search(text):
        return False
    return 1 <= len(text.encode(errors="surrogatepass")) <= EMOJI_MAX_BYTES


def _room(key: bytes | None) -> str | None:
    try:
        return check_room((key or b"").decode())
    except (UnicodeDecodeError, BadRoom):
        return None


def _emoji_of(value: bytes | None) -> list[str | None] | None:
    """Return the text of each element, None for one without; None if unreadable."""
    if value is None or len(value) > RECORD_MAX_BYTES:
        return None
    found: list[str | None]
    try:
        found = [reaction.emoji_type for reaction in _reactions.decode(value)]
    except msgspec.ValidationError:
        try:
            found = [_text_in(element) for element in _anything.decode(value)]
        except _BROKEN:
            return None
    except _BROKEN:
        return None
    return found


def _text_in(element: object) -> str | None:
    text = element.get("emoji_type") if isinstance(element, dict) else None
    return text if isinstance(text, str) else None


def _batch(headers: Headers | None) -> str | None:
    for name, value in headers or ():
        if name == BATCH_ID_HEADER:
            try:
                return (value.decode() if isinstance(value, bytes) else value) or None
            except UnicodeDecodeError:
                return None
    return None
