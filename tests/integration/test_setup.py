"""The set-up's commands, run against stand-ins for Maven and apt-get."""

import os
from pathlib import Path

import pytest

from compose.setup import jars, system
from compose.setup.jars import JarSet
from compose.setup.steps import SetupFailed
from compose.setup.system import Need, Purpose

HALF_THEN_FAIL = """
for word in "$@"; do case $word in -DoutputDirectory=*) out=${word#*=};; esac; done
mkdir -p "$out" && touch "$out/half.jar"
echo "Could not transfer artifact g:a:jar:1: Connection refused"
exit 1
"""
ALL = """
for word in "$@"; do case $word in -DoutputDirectory=*) out=${word#*=};; esac; done
mkdir -p "$out" && touch "$out/new.jar"
"""


class Programs:
    """A folder of little programs that come first on the PATH."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, name: str, script: str) -> None:
        file = self._folder / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return Programs(folder)


@pytest.fixture
def kafka(tmp_path: Path) -> JarSet:
    pom = tmp_path / "pom.xml"
    pom.write_text("<project/>")
    return JarSet("kafka", pom, "copy")


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_half_a_download_leaves_what_was_there(
    programs: Programs, kafka: JarSet, tmp_path: Path
) -> None:
    jars_dir = tmp_path / "jars"
    (jars_dir / "kafka").mkdir(parents=True)
    (jars_dir / "kafka" / "old.jar").touch()
    programs.add("mvn", HALF_THEN_FAIL)

    with pytest.raises(SetupFailed, match=r"Failed at g:a:jar:1\.\nNo connection"):
        jars.ensure(jars_dir, [kafka])

    assert names(jars_dir) == ["kafka"]
    assert names(jars_dir / "kafka") == ["old.jar"]
    assert not kafka.is_whole(jars_dir)


def test_a_whole_download_takes_the_place_of_the_old(
    programs: Programs, kafka: JarSet, tmp_path: Path
) -> None:
    jars_dir = tmp_path / "jars"
    (jars_dir / "kafka").mkdir(parents=True)
    (jars_dir / "kafka" / "old.jar").touch()
    programs.add("mvn", ALL)

    jars.ensure(jars_dir, [kafka])

    assert names(jars_dir) == ["kafka"]
    assert "new.jar" in names(jars_dir / "kafka")
    assert "old.jar" not in names(jars_dir / "kafka")
    assert kafka.is_whole(jars_dir)


def test_what_is_whole_is_not_fetched_again(
    programs: Programs, kafka: JarSet, tmp_path: Path
) -> None:
    programs.add("mvn", ALL)
    jars.ensure(tmp_path / "jars", [kafka])
    programs.add("mvn", HALF_THEN_FAIL)

    jars.ensure(tmp_path / "jars", [kafka])


@pytest.fixture
def root(programs: Programs) -> None:
    """Let commands run as root, whoever runs the test."""
    programs.add("sudo", 'shift; exec "$@"')
    programs.add("apt-cache", "exit 0")


@pytest.mark.usefixtures("root")
def test_what_is_missing_is_installed(programs: Programs, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    programs.add("apt-get", f'echo "$DEBIAN_FRONTEND $*" >> {installed}')
    there = Need("Git", Purpose.RUNNING, ("git",), lambda: True)
    absent = Need("Maven", Purpose.FETCHING, ("maven",), installed.exists)

    system.ensure([there, absent])

    update, install = installed.read_text().splitlines()
    assert update == "noninteractive update"
    assert install.startswith("noninteractive install")
    assert install.endswith(" maven")


@pytest.mark.usefixtures("root")
def test_an_installation_that_did_not_help_is_told(programs: Programs) -> None:
    programs.add("apt-get", "exit 0")
    java = Need("Java 17 or newer", Purpose.RUNNING, ("java",), lambda: False)

    with pytest.raises(SetupFailed, match="still missing: Java 17 or newer"):
        system.ensure([java])


@pytest.mark.usefixtures("root")
def test_an_installation_that_fails_shows_why(programs: Programs) -> None:
    programs.add("apt-get", "echo 'E: Unable to locate package maven'; exit 100")
    maven = Need("Maven", Purpose.FETCHING, ("maven",), lambda: False)

    with pytest.raises(SetupFailed, match="Unable to locate package maven"):
        system.ensure([maven])
