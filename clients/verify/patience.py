"""How long a check waits for each thing, and how it asks for it until then."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from clients.verify.web import NotAnswered

_ASKED_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each thing is waited for."""

    ready_s: float = 6.0
    joined_s: float = 8.0
    posted_s: float = 8.0
    first_s: float = 15.0
    """The stream's first trigger after a start takes seconds."""
    last_s: float = 8.0
    read_s: float = 4.0
    balanced_s: float = 8.0


PATIENCE = Patience()


def asked(ask: Callable[[], str], within_s: float) -> str:
    """Ask until there is no problem; return the last one if there always was."""
    until_s = time.monotonic() + within_s
    while True:
        try:
            problem = ask()
        except NotAnswered as error:
            problem = str(error)
        if not problem or time.monotonic() > until_s:
            return problem
        time.sleep(_ASKED_EVERY_S)
