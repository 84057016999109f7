"""What a run in several processes keeps together, and what it begins with."""

from pathlib import Path

import pytest

_TESTS = Path(__file__).parent

_LONGEST = ("system", "integration/test_stream_totals.py")
"""Minutes each; begun last, one process would end long after the others."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    items.sort(key=lambda item: _group(item) not in _LONGEST)


@pytest.fixture
def tmp_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short name: a socket's path has 107 bytes at most."""
    return tmp_path_factory.mktemp("t")


def _group(item: pytest.Item) -> str:
    """Return what shares servers: a file, or all that uses the suite's one system."""
    path = item.path.relative_to(_TESTS)
    return path.parts[0] if path.parts[0] == "system" else path.as_posix()
