"""What a check sends into its room, and what must come of it. Pure."""

import secrets
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

import msgspec

from clients.sender import Outcome, Reaction
from ingest.topics import RECORD_REACTIONS_MAX

BAD_EMOJI = "no emoji"
BAD_EMOJI_REASON = "bad_emoji"


@dataclass(frozen=True, slots=True)
class Batch:
    """Reactions of one kind that are sent together.

    No two batches have the same emoji: what a frame's totals lack names the batch.
    """

    emoji: str
    size: int
    bad: int
    """Reactions that are sent with it and are none."""
    key: str
    body: bytes

    @classmethod
    def made(cls, emoji: str, size: int, bad: int = 0) -> Self:
        """Write a batch; the bytes stay the same however often it is sent."""
        user, now_ms = f"verify-{secrets.token_hex(4)}", time.time_ns() // 1_000_000
        taps = [Reaction(user, emoji, now_ms)] * size
        taps += [Reaction(user, BAD_EMOJI, now_ms)] * bad
        body = msgspec.json.encode(taps)
        return cls(emoji, size, bad, secrets.token_hex(16), body)


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of a batch, and after how long."""

    batch: Batch
    outcome: Outcome
    took_s: float


@dataclass(frozen=True, slots=True)
class BadPost:
    """A POST of which nothing may be stored, and how it must be answered."""

    body: bytes
    bad: int
    """Reactions that can be read in it, and are none."""
    status: int
    label: str

    @property
    def answer(self) -> str:
        """The answer that is due."""
        return f"{self.status} {self.label}"


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is sent.

    Attributes:
        room: Nobody else's.
        first: Sent once each, the last of them twice in a row; and all of them again
            when they are counted.
        last: Sent after all copies. Once it is counted, so is, if wrongly, each of
            them: Kafka had it before.
        refused: What must be refused.
    """

    room: str
    first: tuple[Batch, ...]
    last: Batch
    refused: tuple[BadPost, ...]

    @classmethod
    def made(cls) -> Self:
        """Return a plan for a room that was never there before."""
        bad = msgspec.json.encode([Reaction("verify", BAD_EMOJI, 1)])
        return cls(
            room=f"verify-{secrets.token_hex(6)}",
            first=(
                Batch.made("❤️", RECORD_REACTIONS_MAX),
                Batch.made("😂", 20, bad=3),
                Batch.made("👏", 7),
            ),
            last=Batch.made("🔥", 1),
            refused=(
                BadPost(b"{", 0, HTTPStatus.BAD_REQUEST, "bad_json"),
                BadPost(bad, 1, HTTPStatus.UNPROCESSABLE_ENTITY, "nothing_acceptable"),
            ),
        )

    @property
    def twice(self) -> Batch:
        """The batch that is sent twice in a row."""
        return self.first[-1]

    @property
    def batches(self) -> tuple[Batch, ...]:
        """Each once."""
        return (*self.first, self.last)

    @property
    def sent(self) -> tuple[Batch, ...]:
        """Each as often as it is sent, in order."""
        return (*self.first, self.twice, *self.first, self.last)

    @property
    def total(self) -> int:
        """What the room's total must be in the end."""
        return sum(batch.size for batch in self.batches)

    @property
    def repeated(self) -> int:
        """Reactions of the copies."""
        return sum(batch.size for batch in self.sent) - self.total

    @property
    def bad(self) -> int:
        """Reactions that must be left out."""
        refused = sum(post.bad for post in self.refused)
        return refused + sum(batch.bad for batch in self.sent)


def totals_of(batches: tuple[Batch, ...]) -> dict[str, int]:
    """Return how many of each emoji there are when each batch is counted once."""
    return {batch.emoji: batch.size for batch in batches}
