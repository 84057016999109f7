"""POSTs made beforehand, so that sending one costs the generator next to nothing.

A body is one of a pool, with other users and another mixture of emoji each; the key
differs with every POST, and with it the batch: the system drops none as a repeat.
"""

import json
import random
import time

from clients.crowd.requests import EMOJI, FAVOURITES, Heads

_POOL = 64
_USERS = 1_000_000


class Requests:
    """Builds the requests of one run: `seed` keeps its keys apart from all others'."""

    def __init__(self, host: str, seed: int) -> None:
        self._heads = Heads(host)
        self._seed = seed
        self._chance = random.Random(seed)
        self._pools: dict[int, list[bytes]] = {}

    def prepare(self, reactions: int) -> None:
        """Make the bodies of this size now, and not when the first is due."""
        self._pool(reactions)

    def request(self, room: str, reactions: int, index: int) -> bytes:
        """Return the POST number `index` whole, as it goes over the wire."""
        pool = self._pool(reactions)
        body = pool[index % len(pool)]
        return self._heads.request(room, b"%x-%x" % (self._seed, index), body)

    def _pool(self, reactions: int) -> list[bytes]:
        if reactions not in self._pools:
            self._pools[reactions] = [
                _body(reactions, self._chance) for _ in range(_POOL)
            ]
        return self._pools[reactions]


def _body(reactions: int, chance: random.Random) -> bytes:
    """Write reactions as an app would; a crowd's favourites are far ahead."""
    now_ms = time.time_ns() // 1_000_000
    chosen = chance.choices(EMOJI, [*FAVOURITES.values()], k=reactions)
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
