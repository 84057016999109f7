"""Showing a status: once or again and again, to a person or to a program."""

import time
from collections.abc import Callable
from typing import NoReturn

from rich.console import Console
from rich.live import Live

from compose.status import document, table
from compose.status.facts import Status
from compose.status.rules import RULES
from compose.status.verdict import Verdict, judge

EVERY_S = 2.0
"""How often a watcher sees a new one, where a look takes no longer."""

Look = Callable[[], Status]


def once(look: Look, console: Console, *, as_json: bool) -> bool:
    """Print a status; return whether all is well.

    Args:
        look: Sees how the system is.
        console: Where it is printed.
        as_json: As one line of JSON.
    """
    status, verdict = _judged(look)
    if as_json:
        text = document.line(status, verdict)
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    else:
        console.print(table.tables(status, verdict))
        # A sentence stays on its line, however narrow the terminal is.
        console.print(table.sentences(verdict), soft_wrap=True)
    return verdict.is_well


def watch(
    look: Look, console: Console, *, as_json: bool, every_s: float = EVERY_S
) -> NoReturn:
    """Print a status again and again, until KeyboardInterrupt.

    On a terminal it is redrawn in its place; elsewhere one comes after the other.
    """
    if as_json or not console.is_terminal:
        while True:
            began_s = time.monotonic()
            once(look, console, as_json=as_json)
            _wait(began_s + every_s)
    with Live(console=console, auto_refresh=False) as live:
        while True:
            began_s = time.monotonic()
            live.update(table.whole(*_judged(look)), refresh=True)
            _wait(began_s + every_s)


def _judged(look: Look) -> tuple[Status, Verdict]:
    status = look()
    return status, judge(status, RULES)


def _wait(until_s: float) -> None:
    time.sleep(max(0, until_s - time.monotonic()))
