"""POSTs made so that sending one costs the sender next to nothing.

A body is put together from pieces that are made once for a mixture of emoji; who
reacts and when is filled in as it is sent. The key differs with every POST, and with
it the batch: the system drops none as a repeat.
"""

import json
import random
from collections.abc import Mapping

EMOJI = (
    *(
        "❤️",
        "😂",
        "👏",
        "🔥",
        "🎉",
        "😮",
        "😢",
        "😡",
        "👍",
        "👎",
        "🥳",
        "🤯",
        "😍",
        "🙏",
    ),
    *(
        "💯",
        "🏏",
        "⚽",
        "🏆",
        "😱",
        "🤔",
        "😎",
        "💔",
        "🚀",
        "🌟",
        "🤣",
        "😭",
        "🙌",
        "💪",
    ),
    *("🎶", "🍿", "👀", "✨", "🥺", "😴", "🤦", "🤷", "👋", "💀", "🦄", "🇮🇳"),
)
"""More than a frame shows by name."""

FAVOURITES: Mapping[str, float] = {
    emoji: 1 / (rank + 1) for rank, emoji in enumerate(EMOJI)
}
"""A mixture: a crowd's favourites are far ahead."""

STEPS = 10
"""So many different moments do the taps of one POST have."""

_PIECES = 2048
_MIXTURES_MAX = 64
_WHO, _WHEN = b"\x00", b"\x01"


class Heads:
    """Builds the heads of POSTs, up to the key.

    Args:
        host: As the header says it.
        prefix: The path below which the system answers.
    """

    def __init__(self, host: str, prefix: str = "") -> None:
        self._host, self._prefix = host, prefix
        self._known: dict[tuple[str, int], bytes] = {}

    def request(self, room: str, key: bytes, body: bytes) -> bytes:
        """Return a POST whole, as it goes over the wire."""
        return b"%s%s\r\n\r\n%s" % (self._head(room, len(body)), key, body)

    def _head(self, room: str, length: int) -> bytes:
        known = self._known.get((room, length))
        if known is None:
            known = (
                f"POST {self._prefix}/v1/rooms/{room}/reactions HTTP/1.1\r\n"
                f"Host: {self._host}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {length}\r\n"
                "Idempotency-Key: "
            ).encode()
            self._known[room, length] = known
        return known


class Bodies:
    """Writes reactions as an app would."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - emoji
        self._known: dict[tuple[tuple[str, float], ...], list[bytes]] = {}

    def body(
        self,
        mixture: Mapping[str, float],
        reactions: int,
        *,
        user_id: str,
        times_ms: tuple[int, int],
    ) -> bytes:
        """Write reactions of one user.

        Args:
            mixture: Emoji → weight; none stands for the crowd's favourites.
            reactions: How many.
            user_id: Whose.
            times_ms: From when to when they were tapped.
        """
        pieces = self._pieces(mixture or FAVOURITES)
        begin = self._chance.randrange(_PIECES - reactions)
        chosen, parts = pieces[begin : begin + reactions], []
        size = -(-reactions // STEPS)
        firsts = range(0, reactions, size)
        for step, first in enumerate(firsts, 1):
            at_ms = times_ms[0] + (times_ms[1] - times_ms[0]) * step // len(firsts)
            part = b",".join(chosen[first : first + size])
            parts.append(part.replace(_WHEN, b"%d" % at_ms))
        return b"[%s]" % b",".join(parts).replace(_WHO, user_id.encode())

    def _pieces(self, mixture: Mapping[str, float]) -> list[bytes]:
        key = tuple(mixture.items())
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _MIXTURES_MAX:
                self._known.clear()
            known = self._known[key] = self._made(mixture)
        return known

    def _made(self, mixture: Mapping[str, float]) -> list[bytes]:
        pieces = {
            emoji: b'{"user_id":"%s","emoji_type":%s,"timestamp":%s}'
            % (_WHO, json.dumps(emoji, ensure_ascii=False).encode(), _WHEN)
            for emoji in mixture
        }
        drawn = self._chance.choices([*mixture], [*mixture.values()], k=_PIECES)
        return [pieces[emoji] for emoji in drawn]
