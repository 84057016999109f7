"""`host-url` and `host-log`, with ingest's app behind a server of their own."""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from typer.testing import CliRunner, Result
from werkzeug.serving import make_server

from compose.__main__ import app
from compose.credentials import Credentials
from compose.settings import variable
from ingest.host_link import HostLinks
from tests.hosting import Stage, entry
from tests.integration.processes import LOOPBACK, free_port
from tests.unit.test_ingest_rooms import client_of

HOUR_S = 3600


@dataclass(frozen=True)
class Installation:
    """Where `up` has been, and what it serves, if it still does."""

    folder: Path
    port: int

    def emostream(self, *arguments: str, **settings: str) -> Result:
        """Run the command with these settings."""
        own = {"state_dir": str(self.folder), "http_port": str(self.port), **settings}
        environment = {variable(name): value for name, value in own.items()}
        return CliRunner().invoke(app, arguments, env=environment)

    def put(self, link: str) -> httpx.Response:
        """Close a room as its host page does."""
        room = urlsplit(link).path.rpartition("/")[2]
        return httpx.put(
            f"http://{LOOPBACK}:{self.port}/v1/rooms/{room}/state",
            json={"open": False, "emoji": None, "muted": []},
            headers={"Authorization": f"Bearer {urlsplit(link).fragment}"},
            trust_env=False,
        )


@pytest.fixture
def away(tmp_path: Path) -> Installation:
    Credentials.load_or_make(tmp_path, [])
    return Installation(tmp_path, free_port())


@contextmanager
def serving(stage: Stage) -> Iterator[int]:
    server = make_server(LOOPBACK, 0, client_of(stage).application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def stage(away: Installation) -> Stage:
    stage = Stage()
    stage.links = HostLinks(Credentials.load(away.folder).host)
    return stage


@pytest.fixture
def installation(away: Installation, stage: Stage) -> Iterator[Installation]:
    with serving(stage) as port:
        yield Installation(away.folder, port)


def link_of(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output.splitlines()[0]


def test_a_link_makes_its_bearer_the_host_of_its_room(
    installation: Installation,
) -> None:
    link = link_of(installation.emostream("host-url", "final", "--by", "Anna"))
    said = installation.put(link).json()
    other = installation.put(link.replace("/final#", "/semi#"))

    assert (said["room"], said["open"]) == ("final", False)
    assert other.json()["error"] == "not_host"


def test_the_token_of_a_link_is_nowhere_that_a_browser_sends(
    away: Installation,
) -> None:
    link = urlsplit(link_of(away.emostream("host-url", "final")))

    assert (link.netloc, link.path) == (f"{LOOPBACK}:{away.port}", "/host/final")
    assert (link.query, len(link.fragment) > 60) == ("", True)


def test_a_link_leads_where_others_reach_this_machine(away: Installation) -> None:
    result = away.emostream("host-url", "final", public_host="192.0.2.7")

    assert link_of(result).startswith(f"http://192.0.2.7:{away.port}/host/final#")


def test_a_link_ends_when_its_sentence_says(away: Installation, stage: Stage) -> None:
    before_s = time.time()
    result = away.emostream("host-url", "final", "--hours", "2")
    token = urlsplit(link_of(result)).fragment
    until_s = stage.links.grant_of(token).until_s

    assert before_s + 2 * HOUR_S - 1 <= until_s <= time.time() + 2 * HOUR_S
    until = time.strftime("%Y-%m-%d %H:%M", time.localtime(until_s))
    assert re.fullmatch(
        rf"Whoever .* final .* as host, until {until} \S+\.", said(result)
    )


def said(result: Result) -> str:
    return result.output.splitlines()[-1]


@pytest.mark.parametrize(
    "arguments",
    [
        ("host-url", "Final"),
        ("host-log", "Final"),
        ("host-url", "final", "--by", ""),
        ("host-url", "final", "--by", "x" * 65),
        ("host-url", "final", "--by", "two\nlines"),
    ],
    ids=repr,
)
def test_what_cannot_be_is_said_in_a_sentence(
    away: Installation, arguments: tuple[str, ...]
) -> None:
    result = away.emostream(*arguments)

    assert result.exit_code == 1
    assert result.output.count("\n") == 1


@pytest.mark.parametrize("hours", ["0", "8761", "x"])
def test_a_link_is_good_for_an_hour_at_least_and_a_year_at_most(
    away: Installation, hours: str
) -> None:
    assert away.emostream("host-url", "final", "--hours", hours).exit_code == 2


@pytest.mark.parametrize("command", ["host-url", "host-log"])
def test_where_nothing_was_started_there_are_no_links(
    tmp_path: Path, command: str
) -> None:
    result = Installation(tmp_path / "none", 1).emostream(command, "final")

    assert result.exit_code == 1
    assert "emostream up" in result.output


def test_the_log_shows_who_changed_what_the_newest_first(
    installation: Installation, stage: Stage
) -> None:
    stage.put("final", entry(emoji=["❤️", "😂"], muted=["😂"], by="[bold]Ben"))
    stage.put("final", entry(is_open=False, by="Anna"))
    result = installation.emostream("host-log", "final")
    title, first, second = result.output.splitlines()

    assert title.split() == ["when", "who", "room", "emoji", "muted"]
    assert first.split()[2:] == ["Anna", "closed", "any"]
    assert second.split()[2:] == ["[bold]Ben", "open", "❤️", "😂", "😂"]


def test_the_log_is_there_for_programs(
    installation: Installation, stage: Stage
) -> None:
    stage.put("final", entry(by="Anna"))
    result = installation.emostream("host-log", "final", "--json")
    (change,) = json.loads(result.output)["changes"]

    assert (change["version"], change["by"]) == (1, "Anna")


def test_a_log_of_nothing_says_so(installation: Installation) -> None:
    result = installation.emostream("host-log", "final")

    assert (result.exit_code, "Nobody" in result.output) == (0, True)


def test_where_nobody_answers_the_log_says_what_helps(away: Installation) -> None:
    result = away.emostream("host-log", "final")

    assert result.exit_code == 1
    assert "emostream up" in result.output
    assert "Traceback" not in result.output


def test_why_a_server_does_not_tell_is_said(
    away: Installation, installation: Installation
) -> None:
    path = away.folder / "credentials.json"
    other = json.loads(path.read_text()) | {"host": "another"}
    path.write_text(json.dumps(other))
    result = installation.emostream("host-log", "final")

    assert result.exit_code == 1
    assert "link" in result.output
