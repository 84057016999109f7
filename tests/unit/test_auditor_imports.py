"""The witness stands alone: what its modules import, read from their text."""

import ast
from pathlib import Path

import pytest

import stream.auditor

MODULES = sorted(Path(stream.auditor.__file__).parent.glob("*.py"))
OURS = {"ingest", "stream", "bridge", "clients", "compose", "mosquitto", "emostream"}
ALLOWED = {"ingest.topics", "stream.topics", "mosquitto.topic"}
SETTINGS = {"compose", "compose.settings"}


def imports(path: Path) -> set[str]:
    """Return the modules of ours that a module imports from, or whole."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.partition(".")[0] in OURS}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_auditor_imports_names_and_itself(path: Path) -> None:
    allowed = ALLOWED | (SETTINGS if path.stem == "__main__" else set())

    foreign = {
        name
        for name in imports(path) - allowed
        if name != "stream.auditor" and not name.startswith("stream.auditor.")
    }

    assert foreign == set()
