"""What is installed is all there is."""

import tomllib

from tests.load.child import ROOT


def test_every_package_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = project["tool"]["setuptools"]["packages"]

    tops = {name.partition(".")[0] for name in listed}
    there = {
        ".".join(file.parent.relative_to(ROOT).parts)
        for top in tops
        for file in (ROOT / top).rglob("__init__.py")
        if "node_modules" not in file.parts
    }
    assert sorted(listed) == sorted(there)
