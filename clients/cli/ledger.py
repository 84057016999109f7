"""`emostream ledger`: whether every stored reaction was counted once."""

import os
import sys
import time
from dataclasses import dataclass
from typing import NoReturn

import msgspec
from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from clients.cli.ledger_view import room_view, rooms_view
from clients.cli.screen import is_abandoned
from clients.ledger import LedgerReader, LedgerUnavailable
from clients.server import Unreachable
from stream.auditor.ledger import Overview, RoomLedger

EVERY_S = 2.0
"""How often a watcher looks."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be shown.

    Attributes:
        room: Whose ledger; None: one line for each room.
        minutes: How many of the newest ones.
        as_json: As the server says it, on one line.
    """

    room: str | None
    minutes: int
    as_json: bool


def show(reader: LedgerReader, asked: Asked) -> bool:
    """Print it; return whether the books balance.

    Raises:
        LedgerUnavailable: If there is none, or none can be read now.
        Unreachable: If nobody answers.
    """
    found = _read(reader, asked)
    _print(found, asked, Console())
    return balances(found)


def watch(reader: LedgerReader, asked: Asked, every_s: float = EVERY_S) -> None:
    """Print it again and again, until Ctrl-C or until nobody reads any more.

    What keeps it from being read is said in its place: it may pass.
    """
    console = Console()
    try:
        if asked.as_json or not console.is_terminal:
            _follow(reader, asked, console, every_s)
        else:
            _redraw(reader, asked, console, every_s)
    except KeyboardInterrupt:
        return
    except BrokenPipeError:
        # Python flushes stdout once more when it ends, and would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def balances(found: RoomLedger | Overview) -> bool:
    """Tell whether nothing is wrong with the books."""
    if isinstance(found, Overview):
        return found.rooms_wrong == 0
    return not found.is_wrong


def _follow(
    reader: LedgerReader, asked: Asked, console: Console, every_s: float
) -> None:
    while not is_abandoned(sys.stdout):
        try:
            _print(_read(reader, asked), asked, console)
        except (LedgerUnavailable, Unreachable) as error:
            sys.stderr.write(f"{error}\n")
        time.sleep(every_s)


def _redraw(
    reader: LedgerReader, asked: Asked, console: Console, every_s: float
) -> NoReturn:
    with Live(console=console, auto_refresh=False) as live:
        while True:
            try:
                shown = _view(_read(reader, asked))
            except (LedgerUnavailable, Unreachable) as error:
                shown = Text(str(error), style="bold red")
            live.update(shown, refresh=True)
            time.sleep(every_s)


def _read(reader: LedgerReader, asked: Asked) -> RoomLedger | Overview:
    if asked.room is None:
        return reader.overview()
    return reader.room(asked.room, asked.minutes)


def _print(found: RoomLedger | Overview, asked: Asked, console: Console) -> None:
    if asked.as_json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        sys.stdout.flush()
    else:
        console.print(_view(found))


def _view(found: RoomLedger | Overview) -> RenderableType:
    return rooms_view(found) if isinstance(found, Overview) else room_view(found)
