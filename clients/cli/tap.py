"""`emostream tap`: send one emoji, once or many times, and say what became of it."""

import secrets
import sys
import time

import httpx
from rich.console import Console
from rich.progress import Progress

from clients.sender import Sender, batch_body, batch_sizes
from clients.server import http_client
from clients.tally import Tally


def tap(emoji: str, count: int, url: httpx.URL) -> Tally:
    """Send `emoji` `count` times; stop early at a refusal or at Ctrl-C.

    Raises:
        Unreachable: If nobody listens at `url`.
    """
    tally = Tally(count)
    with http_client(url) as client:
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
