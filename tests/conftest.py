"""How a run in several processes is shared out, and what it begins with."""

import signal
from collections import Counter
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests import java
from tests.system.fixtures import http, room, stack

__all__ = ["http", "room", "stack"]

_SYSTEM = "tests/system"
_UNDER_FIRE = tuple(
    f"{_SYSTEM}/test_{name}.py" for name in ("under_fire", "outage", "whatever_happens")
)
"""They kill what others of the suite need: they have a system of their own."""

_LONGEST = (
    _SYSTEM,
    _UNDER_FIRE[0],
    "tests/integration/test_stream_totals.py",
    "tests/integration/test_crowd.py",
    "tests/integration/test_load_crowds.py",
    "tests/integration/test_room_states.py",
    "tests/integration/test_scaling.py",
    "tests/integration/test_status_look.py",
    "tests/integration/test_witness.py",
    "tests/integration/test_recount.py",
)
"""Minutes each; begun last, one process would end long after the others. The first
three compute, as do the last two: beside the first runs what mostly waits."""

_SHORTEST = "tests/unit/"
"""What is short is begun last: then all processes end at about the same time."""


java.short_lived()

# Started in the background of a shell, Ctrl-C is ignored, also by all that the tests
# start.
signal.signal(signal.SIGINT, signal.default_int_handler)


class _ByServers(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no annotations
    """Keeps together what shares servers.

    Groups by marker (`--dist loadgroup`) have no effect with pytest 9.2: it does not
    read the names that xdist 3.8 writes.
    """

    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--containers",
        action="store_true",
        help="the system tests' system runs in containers",
    )


def pytest_xdist_make_scheduler(
    config: pytest.Config, log: Producer
) -> LoadScopeScheduling:
    return _ByServers(config, log)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Name each operation's contract test.

    pytest 9.2 names an item after its function alone if a plugin made it of one.
    """
    if item.parent is not None and not item.nodeid.endswith(item.name):
        item._id = item.parent.id.child(item.name)  # noqa: SLF001  # its only place


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the items, each of which has a name of its own.

    Raises:
        pytest.UsageError: Several have the same; xdist would run one of them only.
    """
    names = Counter(item.nodeid for item in items)
    if repeated := [name for name, times in names.items() if times > 1]:
        raise pytest.UsageError(f"several tests have the name {repeated[0]}")
    items.sort(key=_rank)


@pytest.fixture
def tmp_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short name: a socket's path has 107 bytes at most."""
    return tmp_path_factory.mktemp("t")


def _rank(item: pytest.Item) -> int:
    if item.nodeid.startswith(_SHORTEST):
        return len(_LONGEST) + 1
    group = _group(item.nodeid)
    return _LONGEST.index(group) if group in _LONGEST else len(_LONGEST)


def _group(nodeid: str) -> str:
    """Return what shares servers: a file, or all that uses one system."""
    file, _, _ = nodeid.partition("::")
    if file in _UNDER_FIRE:
        return _UNDER_FIRE[0]
    return _SYSTEM if file.startswith(f"{_SYSTEM}/") else file
