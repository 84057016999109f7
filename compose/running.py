"""What commands know of the running system, and how they keep apart."""

import fcntl
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from compose.errors import Refused
from compose.layout import Layout
from compose.report import Report
from compose.settings import Settings

_INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class NothingNoted(Refused):
    """No note says what the system runs with, or another version wrote it."""


def note(layout: Layout, settings: Settings) -> None:
    """Write down what the system is about to run with."""
    layout.noted_settings.write_text(json.dumps(settings.as_environment(), indent=1))


def noted(layout: Layout) -> Settings:
    """Return the settings that the system was last started with.

    Raises:
        NothingNoted: If there is no note that this version can read.
    """
    try:
        variables = json.loads(layout.noted_settings.read_text())
        return Settings.from_environment(variables)
    except (FileNotFoundError, ValueError, ValidationError) as error:
        raise NothingNoted(
            f"{layout.noted_settings} cannot be read: `down` first, then `up`"
        ) from error


def differences(noted: Settings, wanted: Settings) -> list[str]:
    """Say which settings a restart would change, and that it takes one."""
    old, new = noted.as_environment(), wanted.as_environment()
    changed = [
        f"{name} is {new[name]!r}, but what runs was started with {old[name]!r}"
        for name in new
        if new[name] != old[name]
    ]
    return [*changed, "To apply: `down`, then `up`."] if changed else []


@contextmanager
def alone(layout: Layout, report: Report) -> Iterator[None]:
    """Let one command at a time change what runs in a state folder."""
    folder = os.open(layout.root, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report.say("Another `emostream` command is at work here; waiting for it.")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore Ctrl-C and its like: half of a stop would leave processes behind."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _INTERRUPTS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def interrupts_raise() -> None:
    """Have what ends a command raise KeyboardInterrupt, so that it can clean up."""
    for number in _INTERRUPTS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` wants it
            signal.signal(number, signal.default_int_handler)
