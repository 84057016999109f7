"""The set-up in order; a second run finds everything done and says so."""

import fcntl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from compose.setup import classes, environment, jars, page, postgresql, system
from compose.setup.steps import CommandFailed, SetupFailed, run, say
from compose.setup.system import Purpose

ROOT = Path(__file__).resolve().parent.parent.parent


def main(arguments: Sequence[str]) -> int:
    """Prepare the checkout.

    Args:
        arguments: Nothing for what the system needs; `python` for Python's packages
            alone, `check` for what the checks of the code need, `test` and `bench` for
            what the tests and the benchmarks need, too.
    """
    started = time.monotonic()
    try:
        with _alone(ROOT / "pyproject.toml"):
            _prepare(arguments[0] if arguments else "")
    except SetupFailed as error:
        say(f"\nSet-up failed.\n{error}")
        return 1
    except KeyboardInterrupt:
        say("\nInterrupted; the next `make setup` goes on from here.")
        return 130
    say(f"Set-up is complete ({time.monotonic() - started:.1f} s).")
    return 0


def _prepare(what_for: str) -> None:
    purposes = purposes_of(what_for)
    system.ensure([need for need in system.needs() if need.purpose in purposes])
    environment.ensure(ROOT)
    if what_for == "check":
        page.ensure_packages(ROOT)
    if Purpose.RUNNING in purposes:
        jars_dir = _jars_dir()
        jars.ensure(jars_dir)
        classes.ensure(ROOT, jars_dir)
        page.ensure(ROOT)
    if Purpose.COMPARING in purposes:
        postgresql.ensure()


def purposes_of(what_for: str) -> set[Purpose]:
    """Return what the system's programs are needed for, by `main`'s argument."""
    if what_for in {"python", "check"}:
        return {Purpose.PYTHON}
    of_some = {"test": Purpose.TESTING, "bench": Purpose.COMPARING}
    others = set(of_some.values()) - {of_some.get(what_for)}
    return set(Purpose) - others


def _jars_dir() -> Path:
    """Ask the settings, which only the Python environment can read."""
    emostream = str(ROOT / ".venv" / "bin" / "emostream")
    try:
        return Path(run([emostream, "settings", "jars_dir"]).strip())
    except CommandFailed as error:
        raise SetupFailed(error.output.strip()) from error


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Let one set-up at a time work on a checkout."""
    with file.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another set-up of this checkout is at work; waiting for it.")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
