"""A web server of a reference's own, ended with its block."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.integration.processes import accepts, end, spawn, wait_until
from tests.load.child import ROOT, ChildFailed

_START_WITHIN_S = 30
_STOP_WITHIN_S = 6


@contextmanager
def web_server(
    command: Sequence[str], port: int, log: Path, environment: Mapping[str, str]
) -> Iterator[int]:
    """Run a server until the block ends, and yield its process id.

    Args:
        command: Its command line; it may import from the checkout.
        port: Where it will listen.
        log: Where it writes.
        environment: Variables beside ours.

    Raises:
        ChildFailed: If it ended by itself; the text is its log.
    """
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    process = spawn([*command], log, variables)

    def answers() -> bool:
        if process.poll() is not None:
            raise ChildFailed(f"{' '.join(command)}\n{log.read_text()}")
        return accepts(port)

    try:
        wait_until(answers, within_s=_START_WITHIN_S, what=command[-1])
        yield process.pid
    finally:
        end(process, within_s=_STOP_WITHIN_S)
