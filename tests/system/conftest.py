import os
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path

import httpx
import pytest

from tests.system.crowd import ANSWER_WITHIN_S, KNOWN_FOR_S
from tests.system.stack import FOREIGN_SITE, Stack

TIMEOUT_S = 900
"""Of a test; the first one's includes the start of everything."""

STACK = pytest.StashKey[Stack]()


@pytest.fixture(scope="session")
def stack(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    settings = {
        "STREAM_DEDUPE_S": str(KNOWN_FOR_S),
        "ALLOWED_ORIGINS": FOREIGN_SITE,
    }
    stack = Stack(tmp_path_factory.mktemp("system"), settings)
    pytestconfig.stash[STACK] = stack
    try:
        started = stack.up()
        if started.returncode != 0 and "make setup" in started.stdout:
            _absent(started.stdout)
        assert started.returncode == 0, started.stdout
        yield stack
    finally:
        stopped = stack.down()
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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(TIMEOUT_S))
    items.sort(key=_restarts_the_stack)  # it leaves it under another preset


def _restarts_the_stack(item: pytest.Item) -> bool:
    return item.path.name == "test_counts.py"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the processes wrote last beside a test that failed."""
    report = yield
    stack = item.config.stash.get(STACK, None)
    if report.failed and stack is not None:
        report.sections += [
            (f"end of the log of {name}", tail) for name, tail in stack.log_tails()
        ]
    return report
