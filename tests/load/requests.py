"""POSTs made beforehand, so that sending one costs the generator next to nothing.

A body is one of a pool, with other users and another mixture of emoji each; the key
differs with every POST, and with it the batch: the system drops none as a repeat.
"""

import json
import random
import time

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

_POOL = 64
_USERS = 1_000_000


class Requests:
    """Builds the requests of one run: `seed` keeps its keys apart from all others'."""

    def __init__(self, host: str, seed: int) -> None:
        self._host = host
        self._seed = seed
        self._chance = random.Random(seed)
        self._pools: dict[int, list[bytes]] = {}
        self._heads: dict[tuple[str, int], bytes] = {}

    def prepare(self, reactions: int) -> None:
        """Make the bodies of this size now, and not when the first is due."""
        self._pool(reactions)

    def request(self, room: str, reactions: int, index: int) -> bytes:
        """Return the POST number `index` whole, as it goes over the wire."""
        pool = self._pool(reactions)
        body = pool[index % len(pool)]
        head = self._head(room, len(body))
        return b"%s%x-%x\r\n\r\n%s" % (head, self._seed, index, body)

    def _pool(self, reactions: int) -> list[bytes]:
        if reactions not in self._pools:
            self._pools[reactions] = [
                _body(reactions, self._chance) for _ in range(_POOL)
            ]
        return self._pools[reactions]

    def _head(self, room: str, length: int) -> bytes:
        known = self._heads.get((room, length))
        if known is None:
            known = (
                f"POST /v1/rooms/{room}/reactions HTTP/1.1\r\nHost: {self._host}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {length}\r\n"
                "Idempotency-Key: "
            ).encode()
            self._heads[room, length] = known
        return known


def _body(reactions: int, chance: random.Random) -> bytes:
    """Write reactions as an app would; a crowd's favourites are far ahead."""
    now_ms = time.time_ns() // 1_000_000
    favourites = [1 / (rank + 1) for rank in range(len(EMOJI))]
    chosen = chance.choices(EMOJI, favourites, k=reactions)
    return json.dumps(
        [
            {
                "user_id": f"user-{chance.randrange(_USERS):06d}",
                "emoji_type": emoji,
                "timestamp": now_ms,
            }
            for emoji in chosen
        ],
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
