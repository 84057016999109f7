from collections.abc import Generator
from pathlib import Path

import pytest

from tests.system.fixtures import STACK, end

TIMEOUT_S = 900
"""Of a test; the first one's includes the start of everything."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(TIMEOUT_S))
    if config.getoption("--containers"):
        items[:] = [item for item in items if not item.get_closest_marker("native")]
    items.sort(key=_restarts_the_stack)  # it leaves it under another preset


def _restarts_the_stack(item: pytest.Item) -> bool:
    return item.path.name == "test_counts.py"


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Stop the system after the last of its tests: others have work to do."""
    if nextitem is None or not _may_use_the_stack(nextitem):
        end(item.config)


def _may_use_the_stack(item: pytest.Item) -> bool:
    named = "stack" in getattr(item, "fixturenames", ())
    return named or item.path.is_relative_to(Path(__file__).parent)


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
