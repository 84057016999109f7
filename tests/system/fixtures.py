"""The one system that the suites share, natively or in containers.

Which of the two says `--containers`. `tests/conftest.py` makes these known to all.
"""

import os
import uuid
from collections.abc import Iterator

import httpx
import pytest

from tests.system.crowd import ANSWER_WITHIN_S, KNOWN_FOR_S
from tests.system.stack import FOREIGN_SITE, Stack

STACK = pytest.StashKey[Stack]()


@pytest.fixture(scope="session")
def stack(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    settings = {
        "STREAM_DEDUPE_S": str(KNOWN_FOR_S),
        "ALLOWED_ORIGINS": FOREIGN_SITE,
    }
    stack = _kind(pytestconfig)(tmp_path_factory.mktemp("system"), settings)
    pytestconfig.stash[STACK] = stack
    try:
        started = stack.up()
        if started.returncode != 0 and "make setup" in started.stdout:
            _absent(started.stdout)
        assert started.returncode == 0, started.stdout
        yield stack
    finally:
        end(pytestconfig)


def _kind(config: pytest.Config) -> type[Stack]:
    if not config.getoption("--containers"):
        return Stack
    # It knows the topology, as nothing else of these tests does.
    from tests.containers.stack import Containers  # noqa: PLC0415

    return Containers


def end(config: pytest.Config) -> None:
    """Stop the system, unless that is done."""
    stack = config.stash.get(STACK, None)
    if stack is None:
        return
    del config.stash[STACK]
    stopped = stack.end()
    assert stopped.returncode == 0, stopped.stdout


def _absent(reason: str) -> None:
    """Skip for want of something that is not installed; on CI that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def http(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=stack.url, timeout=ANSWER_WITHIN_S, trust_env=False
    ) as client:
        yield client


@pytest.fixture
def room() -> str:
    return f"room-{uuid.uuid4().hex[:12]}"
