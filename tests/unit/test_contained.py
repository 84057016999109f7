"""Commands where each part is a container: what is Docker's, they leave to Docker."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from compose import contained
from compose.__main__ import app
from compose.layout import Layout
from compose.settings import Settings, variable


@pytest.fixture(autouse=True)
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let it look as in a container, with this as its state folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable("process_host"), "{process}")
    monkeypatch.setenv(variable("state_dir"), str(tmp_path))
    return tmp_path


def called(*words: str) -> Result:
    return CliRunner().invoke(app, words)


@pytest.mark.parametrize(
    "words",
    [
        ("up",),
        ("down",),
        ("logs", "stream"),
        ("doctor",),
        ("clean", "--yes"),
        ("drain", "cluster-1"),
        ("undrain", "cluster-1"),
        ("scale", "--clusters", "2"),
        ("scale", "--auto"),
        ("demo",),
    ],
    ids=" ".join,
)
def test_what_starts_and_stops_processes_names_dockers_commands(
    words: tuple[str, ...], container: Path
) -> None:
    done = called(*words)

    assert (done.exit_code, done.stderr) == (1, f"{contained.DOCKERS}\n")
    assert [*container.iterdir()] == []


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("rejects",),
        ("recount", "final"),
        ("host-url", "final"),
        ("host-log", "final"),
        ("clients", "list"),
        ("clients", "show", "kim"),
        ("clients", "evict", "kim"),
    ],
    ids=" ".join,
)
def test_without_the_systems_volumes_it_is_said_where_they_are(
    words: tuple[str, ...],
) -> None:
    done = called(*words)

    assert (done.exit_code, done.stderr) == (1, f"{contained.OUTSIDE}\n")


def test_who_has_them_is_inside(container: Path) -> None:
    Layout(container).mark.touch()

    assert contained.inside().state_dir == container


def test_where_spark_is_is_told_to_who_is_elsewhere(
    container: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Layout(container).mark.touch()
    monkeypatch.setattr(contained, "find_spec", lambda _: None)
    done = called("recount", "final")

    assert (done.exit_code, done.stderr) == (1, f"{contained.WITH_SPARK}\n")


def test_inside_a_system_that_was_never_started_that_is_said(container: Path) -> None:
    Layout(container).mark.touch()
    done = called("clients", "list")

    said = "EmoStream is not running: `docker compose up --detach --wait` starts it.\n"
    assert (done.exit_code, done.stderr) == (1, said)


def test_on_a_machine_no_address_makes_it_a_container(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`up` tells who wants it open to a network how; what runs can be stopped."""
    monkeypatch.delenv(variable("process_host"))
    monkeypatch.setenv(variable("bind_host"), "0.0.0.0")  # noqa: S104 - never bound

    assert not contained.natively().is_contained
    assert called("down").stdout == "Nothing is running.\n"


def test_on_a_machine_all_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(variable("process_host"))

    assert contained.natively() == contained.inside() == Settings.load()
    assert contained.starts(Settings.load()) == "`emostream up`"


def test_each_process_is_asked_where_it_is() -> None:
    elsewhere = Settings(process_host="{process}.internal")

    assert elsewhere.host_of("bridge") == "bridge.internal"
    assert elsewhere.auditor_url == "http://auditor.internal:9103"
    assert Settings(process_host="127.0.0.1").host_of("bridge") == "127.0.0.1"
