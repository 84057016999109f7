"""Work done in a process of its own: orders go in by stdin, answers come out.

What is measured and what measures must not share an interpreter: each would wait for
the other, and their CPU times could not be told apart.
"""

import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self, TypeVar

import msgspec

from tests.integration.processes import end
from tests.load.measured import Failed

ROOT = Path(__file__).resolve().parent.parent.parent

_END_WITHIN_S = 20

_Order = TypeVar("_Order")
_Answer = TypeVar("_Answer")


class ChildFailed(Failed):
    """A process ended, or was silent, instead of answering; the text is its log."""


class Child:
    """`python -m module`, from the checkout, until the block ends."""

    def __init__(
        self, module: str, environment: Mapping[str, str] | None = None
    ) -> None:
        """Describe it.

        Args:
            module: One whose main calls `serve`.
            environment: Variables beside ours.
        """
        self._module = module
        self._environment = {**os.environ, **(environment or {})}

    def __enter__(self) -> Self:
        """Start it."""
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable, "-m", self._module],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        return self

    def __exit__(self, *_: object) -> None:
        """End it: it has nothing more to do."""
        with self._process, self._log:
            end(self._process, within_s=_END_WITHIN_S)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def ask(self, order: object, answer: type[_Answer], *, within_s: float) -> _Answer:
        """Hand over an order and wait for its answer.

        Args:
            order: What to do: a dataclass, as the module's `serve` expects it.
            answer: Type of what comes back.
            within_s: How long it may take.

        Raises:
            ChildFailed: If it ended instead, or took longer.
        """
        assert self._process.stdin, "it has a pipe"
        assert self._process.stdout, "it has a pipe"
        try:
            self._process.stdin.write(msgspec.json.encode(order) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._failure("it ended") from None
        if not select.select([self._process.stdout], [], [], within_s)[0]:
            raise self._failure(f"no answer within {within_s:.0f} s")
        line = self._process.stdout.readline()
        if not line:
            raise self._failure("it ended")
        return msgspec.json.decode(line, type=answer)

    def _failure(self, why: str) -> ChildFailed:
        self._log.seek(0)
        log = self._log.read().decode(errors="replace").strip()
        return ChildFailed(f"{self._module}: {why}\n{log}")


def ask(
    module: str, order: object, answer: type[_Answer], *, within_s: float
) -> _Answer:
    """Start a process for one order; see `Child.ask`."""
    with Child(module) as child:
        return child.ask(order, answer, within_s=within_s)


def serve(order: type[_Order], work: Callable[[_Order], object]) -> None:
    """Do one order after the other until there are no more: all of a main."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # Whatever else is written there, a JVM's warnings for example, is no answer.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    decoder = msgspec.json.Decoder(order)
    for line in sys.stdin.buffer:
        answers.write(msgspec.json.encode(work(decoder.decode(line))) + b"\n")
        answers.flush()
