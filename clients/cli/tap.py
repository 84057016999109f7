"""`emostream tap`: send one emoji, once or many times, and say what became of it."""

import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
from rich.console import Console
from rich.progress import Progress

from clients.cli.sender import (
    ANSWER_WITHIN_S,
    Accepted,
    Outcome,
    Refused,
    Sender,
    Unknown,
    batch_body,
    batch_sizes,
)

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class BadUrl(ValueError):
    """The text is not the address of a server."""


@dataclass(slots=True)
class Tally:
    """What became of `asked` reactions, so far."""

    asked: int
    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    unknown: int = 0
    refusal: Refused | None = None

    @property
    def settled(self) -> int:
        """Reactions of which we know as much as we ever will."""
        return self.accepted + self.rejected.total() + self.refused + self.unknown

    @property
    def complete(self) -> bool:
        """Whether every reaction is stored."""
        return self.accepted == self.asked

    def add(self, size: int, outcome: Outcome) -> None:
        """Enter a batch of `size`."""
        match outcome:
            case Accepted(count=count, rejected=rejected):
                self.accepted += count
                self.rejected += rejected
            case Refused():
                self.refused += size
                self.refusal = outcome
            case Unknown():
                self.unknown += size

    def lines(self) -> Iterator[str]:
        """Say it, a line for each fate."""
        yield f"accepted {self.accepted}"
        for reason, count in self.rejected.items():
            yield f"rejected {count}: {reason}"
        if self.refusal:
            reasons = ", ".join(self.refusal.rejected)
            label = self.refusal.label + (f" ({reasons})" if reasons else "")
            yield f"refused {self.refused}: {label}: {self.refusal.help}"
        if self.unknown:
            yield f"unknown {self.unknown}: no certain answer, may be counted or not"
        if self.settled < self.asked:
            yield f"not sent {self.asked - self.settled}"


def reactions_url(base: str, room: str) -> httpx.URL:
    """Return where the reactions of `room` are posted.

    Raises:
        BadUrl: If `base` is not an HTTP address.
    """
    try:
        url = httpx.URL(f"{base.rstrip('/')}/v1/rooms/{room}/reactions")
    except httpx.InvalidURL as error:
        raise BadUrl(f"{base!r}: {error}") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise BadUrl(f"{base!r} does not start with http://HOST or https://HOST")
    return url


def tap(emoji: str, count: int, url: httpx.URL) -> Tally:
    """Send `emoji` `count` times; stop early at a refusal or at Ctrl-C.

    Raises:
        Unreachable: If nobody listens at `url`.
    """
    tally = Tally(count)
    # A proxy of the environment is for the world, not for this machine.
    trust_env = url.host not in _LOOPBACK
    with httpx.Client(timeout=ANSWER_WITHIN_S, trust_env=trust_env) as client:
        try:
            _send_all(Sender(client, str(url)), emoji, tally)
        except KeyboardInterrupt:
            tally.unknown += next(batch_sizes(count - tally.settled), 0)
    return tally


def _send_all(sender: Sender, emoji: str, tally: Tally) -> None:
    user_id = f"tap-{secrets.token_hex(8)}"
    sizes = list(batch_sizes(tally.asked))
    hidden = len(sizes) == 1 or not sys.stderr.isatty()
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=hidden) as progress:
        bar = progress.add_task(f"sending {emoji}", total=tally.asked)
        for size in sizes:
            now_ms = time.time_ns() // 1_000_000
            body = batch_body(emoji, size, user_id=user_id, now_ms=now_ms)
            tally.add(size, sender.send(body))
            progress.update(bar, completed=tally.settled)
            if tally.refusal:
                break
