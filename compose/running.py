"""What commands know of the running system, and how they keep apart."""

import fcntl
import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from compose.errors import Refused
from compose.files import File
from compose.layout import Layout
from compose.report import Report
from compose.settings import Settings, variable

SCALED = ("clusters", "workers")
"""Settings that are about a start; `emostream scale` changes them in what runs."""

_INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class NothingNoted(Refused):
    """No note says what the system runs with, or another version wrote it."""


def note(layout: Layout, settings: Settings) -> None:
    """Write down, whole or not at all, what the system is about to run with."""
    text = json.dumps(settings.as_environment(), indent=1)
    File(layout.noted_settings, text).write()


def noted(layout: Layout) -> Settings:
    """Return the settings that the system runs with: as started, and scaled since.

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


def runs_with(settings: Settings) -> Settings:
    """Return what the system of these settings runs with; these if nothing is noted.

    Raises:
        NothingNoted: If there is a note that this version cannot read.
    """
    layout = Layout(settings.state_dir)
    return noted(layout) if layout.noted_settings.exists() else settings


def differences(noted: Settings, wanted: Settings) -> list[str]:
    """Say which settings differ from what runs, and how each is applied."""
    old, new = noted.as_environment(), wanted.as_environment()
    changed = [name for name in new if new[name] != old[name]]
    scaled = {variable(name): f"--{name}" for name in SCALED}
    told = [
        f"{name} is {new[name]!r}, but what runs has {old[name]!r}:"
        f" `emostream scale {scaled[name]} {new[name]}` changes that."
        for name in changed
        if name in scaled
    ]
    rest = [
        f"{name} is {new[name]!r}, but what runs was started with {old[name]!r}"
        for name in changed
        if name not in scaled
    ]
    return told + ([*rest, "To apply: `down`, then `up`."] if rest else [])


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
def alone_if_free(layout: Layout) -> Iterator[bool]:
    """The same without waiting; yields whether there is no other command."""
    with _locked(layout.root) as is_ours:
        yield is_ours


@contextmanager
def scaling(layout: Layout) -> Iterator[bool]:
    """Let one command at a time scale; yields whether this is the one."""
    layout.scaling.touch(mode=0o600)
    with _locked(layout.scaling) as is_ours:
        yield is_ours


@contextmanager
def taking_down(layout: Layout) -> Iterator[None]:
    """Have whoever starts something give up: all of it is about to be stopped."""
    if not layout.run.exists():
        yield
        return
    file = os.open(layout.going_down, os.O_RDONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def is_going_down(layout: Layout) -> bool:
    """Tell whether all is being taken down, or about to be."""
    try:
        with _locked(layout.going_down, fcntl.LOCK_SH) as nobody_does:
            return not nobody_does
    except FileNotFoundError:
        return False


@contextmanager
def _locked(path: Path, kind: int = fcntl.LOCK_EX) -> Iterator[bool]:
    """Hold a lock that ends with this process; yield whether it was free."""
    file = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(file)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore Ctrl-C and its like: half of a stop would leave processes behind."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals come to the main thread alone
        return
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
