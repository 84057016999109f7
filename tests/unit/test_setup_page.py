"""When pages are built, and that they are whole; npm is a script of the test's own."""

import os
import stat
from pathlib import Path

import pytest

from compose.setup import page, prepare
from compose.setup.steps import SetupFailed
from compose.setup.system import Purpose

NPM = """#!/bin/sh
echo "$3" >> "{log}"
case "$3" in
ci) mkdir -p "$2/node_modules" ;;
run) mkdir -p "$PAGE_OUT_DIR" && cp "$2/index.html" "$PAGE_OUT_DIR" ;;
esac
{then}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with the sources of a page, and an npm that copies it."""
    source = tmp_path / page.PAGE
    source.mkdir(parents=True)
    (source / "index.html").write_text("first")
    (source / "package-lock.json").write_text("{}")
    npm(tmp_path)
    return tmp_path


def npm(root: Path, then: str = "") -> None:
    """Put an npm there that does its work, and then something more."""
    program = root / ".venv" / "bin" / "npm"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(NPM.format(log=root / "log", then=then))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def done(root: Path) -> list[str]:
    """Return what npm was told since this was asked last."""
    log = root / "log"
    lines = log.read_text().split() if log.exists() else []
    log.unlink(missing_ok=True)
    return lines


def shown(root: Path) -> str:
    return (root / page.BUILT / "index.html").read_text()


def test_pages_are_built_once(root: Path) -> None:
    page.ensure(root)
    page.ensure(root)

    assert done(root) == ["ci", "run"]
    assert shown(root) == "first"
    assert page.is_built(root)


def test_pages_are_built_again_when_a_source_changes(root: Path) -> None:
    page.ensure(root)
    done(root)
    (root / page.PAGE / "index.html").write_text("second")

    assert not page.is_built(root)
    page.ensure(root)

    assert done(root) == ["run"]
    assert shown(root) == "second"


def test_packages_are_fetched_again_when_the_lock_changes(root: Path) -> None:
    page.ensure(root)
    done(root)
    (root / page.PAGE / "package-lock.json").write_text('{"v": 2}')

    page.ensure(root)

    assert done(root) == ["ci", "run"]


def test_a_source_that_is_renamed_or_split_otherwise_is_another(root: Path) -> None:
    source = root / page.PAGE
    (source / "a").write_text("bc")
    (source / "d").write_text("e")
    before = page.digest(source)

    (source / "a").write_text("b")
    (source / "d").write_text("ce")
    moved = page.digest(source)
    (source / "d").rename(source / "f")

    assert len({before, moved, page.digest(source)}) == 3


def test_packages_are_no_source(root: Path) -> None:
    page.ensure(root)
    (root / page.PAGE / "node_modules" / "more.js").write_text("x")

    assert page.is_built(root)


def test_a_build_that_fails_leaves_the_pages_that_were_there(root: Path) -> None:
    page.ensure(root)
    (root / page.PAGE / "index.html").write_text("second")
    npm(root, then='echo "index.html: no such tag"; exit 1')

    with pytest.raises(SetupFailed, match="no such tag"):
        page.ensure(root)

    assert shown(root) == "first"
    assert not page.is_built(root)
    assert [*root.glob("clients/web/.building-*")] == []


def test_half_fetched_packages_are_not_trusted(root: Path) -> None:
    npm(root, then="echo npm error code ECONNREFUSED; exit 1")
    with pytest.raises(SetupFailed, match="No connection"):
        page.ensure(root)
    npm(root)
    done(root)

    page.ensure(root)

    assert done(root) == ["ci", "run"]


def test_the_checks_need_the_packages_and_no_pages(root: Path) -> None:
    page.ensure_packages(root)

    assert done(root) == ["ci"]
    assert not (root / page.BUILT).exists()


def test_npm_finds_the_node_beside_it(root: Path) -> None:
    npm(root, then=f'echo "$PATH" > "{root}/path"')
    page.ensure(root)

    first = (root / "path").read_text().split(os.pathsep)[0]
    assert first == str(root / ".venv" / "bin")


def test_a_browser_is_brought_for_tests_alone() -> None:
    assert Purpose.TESTING in prepare.purposes_of("test")
    for other in ("", "python", "check", "bench"):
        assert Purpose.TESTING not in prepare.purposes_of(other)


def test_postgresql_is_brought_for_the_benchmarks_alone() -> None:
    assert Purpose.COMPARING in prepare.purposes_of("bench")
    for other in ("", "python", "check", "test"):
        assert Purpose.COMPARING not in prepare.purposes_of(other)


def test_what_runs_is_brought_for_all_but_the_checks() -> None:
    running = {
        what_for: Purpose.RUNNING in prepare.purposes_of(what_for)
        for what_for in ("", "test", "bench", "python", "check")
    }

    assert running == {
        "": True,
        "test": True,
        "bench": True,
        "python": False,
        "check": False,
    }
