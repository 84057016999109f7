"""What a record's raw value says, emoji by emoji; pure, for Spark's Python workers.

Apart from `stream.recount.job` so that a worker needs nothing else.
"""

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec

_EMOJI_MAX_BYTES = 64
_NOT_IN_EMOJI = re.compile(r'["\\\x00-\x1f]')


class _Reaction(msgspec.Struct, gc=False):
    emoji_type: str


_reactions = msgspec.json.Decoder(list[_Reaction])
_elements = msgspec.json.Decoder(list[Any])


def counts_in(value: bytes | bytearray | None) -> list[tuple[str | None, int]]:
    """Add up the reactions in a value, by emoji.

    Returns:
        Pairs, each emoji once; None stands for what names none: a whole value that
        cannot be read is one of these.
    """
    try:
        str(value or b"", "utf-8")  # msgspec does not look at what it leaves out
        named = Counter(_named(value or b""))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return [(None, 1)]
    unreadable = sum(n for text, n in named.items() if not _is_emoji(text))
    pairs = [(text, n) for text, n in named.items() if _is_emoji(text)]
    return [*pairs, (None, unreadable)] if unreadable else pairs


def _named(value: bytes | bytearray) -> Iterable[str | None]:
    try:
        return [reaction.emoji_type for reaction in _reactions.decode(value)]
    except msgspec.ValidationError:  # JSON, but not throughout what we write
        return map(_text_in, _elements.decode(value))


def _text_in(element: object) -> str | None:
    text = element.get("emoji_type") if isinstance(element, dict) else None
    return text if isinstance(text, str) else None


@lru_cache(maxsize=8192)
def _is_emoji(text: str | None) -> bool:
    if text is None or _NOT_IN_EMOJI.search(text):
        return False
    return 1 <= len(text.encode(errors="surrogatepass")) <= _EMOJI_MAX_BYTES
