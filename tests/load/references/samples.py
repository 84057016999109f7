"""What the references send: the same reactions and records as the product has."""

import secrets

import msgspec

from ingest.batch import Batch
from ingest.reaction import Reaction
from stream.frame import Frame, Times, epoch_text

ROOM = "reference"
EMOJI = ("❤️", "😂", "🔥", "👏", "😮", "😢", "🎉", "👍")

_MOMENT_MS = 1_795_226_378_000
_WINDOW_MS = 2000


def reactions(count: int) -> list[Reaction]:
    """Make `count` reactions of as many users."""
    return [
        Reaction(secrets.token_hex(8), EMOJI[number % len(EMOJI)], _MOMENT_MS + number)
        for number in range(count)
    ]


def body(count: int) -> bytes:
    """Make the body of a POST: one reaction as an object, more as an array."""
    made = reactions(count)
    return msgspec.json.encode(made if count > 1 else made[0])


def batch(count: int) -> Batch:
    """Make a batch, as ingest has it when it produces a record."""
    return Batch(ROOM, secrets.token_hex(16), _MOMENT_MS, reactions(count))


def frame(room: str = ROOM, seq: int = 8123, made_ms: int | None = None) -> bytes:
    """Make a frame of a room where eight emoji are in use.

    Args:
        room: Whose.
        seq: Its number; each next one is of the next window.
        made_ms: When; None for some moment.
    """
    window_start_ms = _MOMENT_MS + seq * _WINDOW_MS
    if made_ms is None:
        made_ms = window_start_ms + 1700
    shares = dict.fromkeys(EMOJI, 0.125)
    counts = dict.fromkeys(EMOJI, 24873)
    moods = ("joy", "love", "surprise", "sadness", "anger", "other")
    feelings = ("positive", "neutral", "negative")
    return Frame(
        v=1,
        room=room,
        epoch=epoch_text(_MOMENT_MS),
        seq=seq,
        window_start_ms=window_start_ms,
        window_ms=_WINDOW_MS,
        counts=counts,
        other=0,
        scaled=dict.fromkeys(EMOJI, 24),
        share=shares,
        mood=dict.fromkeys(moods, 0.1667),
        sentiment=dict.fromkeys(feelings, 0.3333),
        total=9_182_734 + seq,
        totals=dict.fromkeys(EMOJI, 1147841),
        times=Times(made_ms - 288, made_ms),
    ).encode()
