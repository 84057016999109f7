"""The batch: the reactions of one POST, and the Kafka record they become."""

import hashlib
import re
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from ingest.reaction import Reaction
from ingest.topics import BATCH_ID_HEADER, COUNTS_HEADER, RECEIVED_AT_HEADER

KEY_MAX_CHARS = 64

_ID_BYTES = 16
_KEY = re.compile(f"[ -~]{{1,{KEY_MAX_CHARS}}}")


@dataclass(frozen=True, slots=True)
class Batch:
    """Reactions of one room that are stored together or not at all."""

    room: str
    batch_id: str
    received_at_ms: int
    reactions: Sequence[Reaction]

    def value(self) -> bytes:
        """Return the record's value: a JSON array, what is recounted from."""
        return msgspec.json.encode(self.reactions)

    def headers(self) -> list[tuple[str, str | bytes | None]]:
        """Return the record's headers: what the stream counts without the value."""
        counts = Counter([reaction.emoji_type for reaction in self.reactions])
        return [
            (BATCH_ID_HEADER, self.batch_id),
            (RECEIVED_AT_HEADER, str(self.received_at_ms)),
            (COUNTS_HEADER, msgspec.json.encode(counts)),
        ]


def is_key(text: str) -> bool:
    """Tell whether a sender may name a batch so."""
    return _KEY.fullmatch(text) is not None


def batch_id(room: str, key: str | None, body: bytes) -> str:
    """Return what the stream knows a batch and its repeats by.

    The body is part of it, so that strangers who chose the same key stay apart.

    Args:
        room: Where it was posted.
        key: The sender's name for it; without one each POST is a batch of its own.
        body: The POST's body, byte for byte.
    """
    if key is None:
        return secrets.token_hex(_ID_BYTES)
    # Lengths first: else the end of one part could be the start of the next.
    parts = b"".join(bytes([len(part)]) + part.encode() for part in (room, key))
    return hashlib.blake2b(parts + body, digest_size=_ID_BYTES).hexdigest()
