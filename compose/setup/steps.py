"""What every step of the set-up shares: showing itself, running a command."""

import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

OUTPUT_LINES_SHOWN = 12

_COLOURS = re.compile("\x1b\\[[0-9;]*m")
_NOISE = re.compile(
    r"^\s*$|^\[INFO\]|^\[ERROR\]\s*$|Re-run Maven|full stack trace|\[Help 1\] http"
    r"|For more information about the errors"
    r"|^\s+at .*[()/]"
)
"""What Maven and Node end with, whatever has happened."""


class SetupFailed(Exception):
    """A step could not be done; the text says why and what may help."""


class CommandFailed(Exception):
    """A command ended with an error.

    Attributes:
        output: What it wrote, stdout and stderr together.
    """

    def __init__(self, command: Sequence[str], output: str) -> None:
        super().__init__(f"{' '.join(command)} failed")
        self.output = output

    def tail(self) -> str:
        """Return the last lines of the output that tell something, indented."""
        lines = [_COLOURS.sub("", line) for line in self.output.splitlines()]
        telling = [line for line in lines if not _NOISE.search(line)]
        return "\n".join(f"  | {line}" for line in telling[-OUTPUT_LINES_SHOWN:])


@contextmanager
def step(title: str) -> Iterator[None]:
    """Show `title` while the step runs and its seconds once it is done."""
    started = time.monotonic()
    say(f"  {title} ... ", end="")
    try:
        yield
    except BaseException:
        say("failed")
        raise
    say(f"{time.monotonic() - started:.1f} s")


def say(text: str, end: str = "\n") -> None:
    """Write to the terminal at once."""
    print(text, end=end, flush=True)  # noqa: T201 - this is the command's output


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """Run `command` to its end and return what it wrote.

    Args:
        command: What to run; the first word is looked up on the PATH.
        environment: All of its variables; ours where None.

    Raises:
        CommandFailed: If it cannot be run, or ended with anything but 0.
    """
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise CommandFailed(command, str(error)) from error
    if done.returncode != 0:
        raise CommandFailed(command, done.stdout)
    return done.stdout
