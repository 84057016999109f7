"""A crowd that reacts over HTTP and keeps a book of what was accepted."""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

KNOWN_FOR_S = 600
"""For so long the suite's system knows a batch: far longer than one is repeated."""

REPEAT_FOR_S = 240
"""While it is down: a busy machine takes minutes to start it."""

ANSWER_WITHIN_S = 60
_PAUSE_S = 0.3


@dataclass(frozen=True, slots=True)
class Entry:
    """A batch that was accepted, and when that can have been."""

    emoji: Counter[str]
    sent_ms: int
    answered_ms: int


class Crowd:
    """Posts to one room; every batch is repeated under its key until it is stored."""

    def __init__(self, http: httpx.Client, room: str) -> None:
        self.room = room
        self.entries: list[Entry] = []
        self._http = http

    @property
    def book(self) -> Counter[str]:
        """What the room's totals must be."""
        return sum((entry.emoji for entry in self.entries), Counter())

    def react(self, *emoji: str) -> None:
        """Send one reaction of each, in one batch."""
        key, body, sent_ms = uuid.uuid4().hex, reactions(emoji), now_ms()
        deadline = time.monotonic() + REPEAT_FOR_S
        while (answer := self._try(body, key)) is None:
            assert time.monotonic() < deadline, f"not stored in {REPEAT_FOR_S} s"
            time.sleep(_PAUSE_S)
        assert answer == {"accepted": len(emoji), "rejected": []}
        self.entries.append(Entry(Counter(emoji), sent_ms, now_ms()))

    def _try(self, body: list[dict[str, Any]], key: str) -> Any:  # noqa: ANN401 - JSON
        """Post once; None if it is not certain that the batch is stored."""
        try:
            response = post(self._http, self.room, body, key=key)
        except httpx.TransportError:
            return None
        if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            return None
        assert response.status_code == httpx.codes.ACCEPTED, response.text
        return response.json()


def reactions(emoji: Sequence[str]) -> list[dict[str, Any]]:
    """Write reactions of different users, now."""
    return [
        {"user_id": f"user-{index}", "emoji_type": one, "timestamp": now_ms()}
        for index, one in enumerate(emoji)
    ]


def answer_to(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """Ask until something other than 503 is answered.

    On a machine that stalls, 503 with the time to come again is the right answer.
    """
    deadline = time.monotonic() + ANSWER_WITHIN_S
    while (answer := ask()).status_code == httpx.codes.SERVICE_UNAVAILABLE:
        assert int(answer.headers["Retry-After"]) > 0
        assert time.monotonic() < deadline, answer.text
        time.sleep(_PAUSE_S)
    return answer


def post(
    http: httpx.Client, room: str, body: list[dict[str, Any]], *, key: str
) -> httpx.Response:
    """Post a batch under a key."""
    path = f"/v1/rooms/{room}/reactions"
    return http.post(path, json=body, headers={"Idempotency-Key": key})


def now_ms() -> int:
    """Return the wall clock, which the system on this machine shares."""
    return time.time_ns() // 1_000_000
