"""`emostream ledger`, through the web app, of an auditor that is there or is not."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec
import pytest
from werkzeug.serving import make_server

from clients.web import openapi
from clients.web.app import Sources, create_app
from clients.web.ledger import AuditorsLedgers, auditor_client
from clients.web.operator_key import OperatorKey
from clients.web.pages import Pages
from compose.status import auditor as status_auditor
from ingest import metrics
from ingest.guard import Common
from ingest.health import Readiness
from ingest.limits import AddressLimits, Rate
from stream.auditor.ledger import RoomSummary
from tests.integration.fake_auditor import Script, fake_auditor
from tests.integration.processes import LOOPBACK, free_port, wait_until
from tests.ledgers import ledger, overview
from tests.unit.test_web_app import Frames, Members, Places, audience

FINAL = RoomSummary(room="final", stored=10, counted=7, difference=3, is_wrong=True)


@contextmanager
def web(auditor_port: int) -> Iterator[str]:
    """Serve the app that asks an auditor; yield its address."""
    client = auditor_client(f"http://{LOOPBACK}:{auditor_port}")
    ledgers = AuditorsLedgers(client, waiting_max=4)
    sources = Sources(
        Frames(),
        Places(),
        Members(),
        OperatorKey("key"),
        ledgers,
        audience,
        Pages({}),
    )
    generous = Rate(per_s=1000, burst=1000)
    common = Common(
        Readiness(lambda: None),
        partial(metrics.exposition, None),
        openapi.document(),
        AddressLimits(generous, generous),
    )
    server = make_server(LOOPBACK, 0, create_app(sources, common), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        client.close()


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def url(script: Script) -> Iterator[str]:
    with fake_auditor(script) as port, web(port) as url:
        yield url


def command(url: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "clients", "ledger", *arguments, "--url", url]


def run(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(url, *arguments),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_room_whose_books_balance_is_shown_and_it_ends_well(
    script: Script, url: str
) -> None:
    script.answers["/ledger/final"] = msgspec.json.encode(ledger())
    done = run(url, "final", "--minutes", "3")

    assert done.returncode == 0, done.stderr
    assert "Every reaction that was stored is counted once." in done.stdout
    assert script.asked == ["/ledger/final?minutes=3"]


def test_wrong_books_fail(script: Script, url: str) -> None:
    wrong = ledger(counted=98, is_wrong=True)
    script.answers["/ledger/final"] = msgspec.json.encode(wrong)
    done = run(url, "final")

    assert done.returncode == 1
    assert "too many reactions are counted, by 1" in done.stdout


def test_a_program_gets_what_the_server_says(script: Script, url: str) -> None:
    script.answers["/ledger/final"] = msgspec.json.encode(ledger())
    done = run(url, "final", "--json")

    assert done.stdout.count("\n") == 1
    assert json.loads(done.stdout) == msgspec.to_builtins(ledger())


def test_who_names_no_room_gets_all_of_them(script: Script, url: str) -> None:
    script.answers["/ledger"] = msgspec.json.encode(overview(FINAL, worst="final"))
    done = run(url)

    assert done.returncode == 1
    assert "the books of 1 room are wrong" in done.stdout


def test_a_room_that_nobody_knows_is_told_as_that(url: str) -> None:
    done = run(url, "final")

    assert done.returncode == 1
    assert done.stderr == "Nothing is known of the room: nobody reacted there yet.\n"


@pytest.mark.parametrize("room", [(), ("final",)])
def test_without_an_auditor_it_fails_and_says_so(room: tuple[str, ...]) -> None:
    with web(free_port()) as url:
        done = run(url, *room)

    assert done.returncode == 1
    assert done.stderr == "The auditor does not answer: try again.\n"


def test_a_room_that_cannot_be_is_refused_before_anybody_is_asked(
    script: Script, url: str
) -> None:
    assert run(url, "Final").returncode == 2
    assert script.asked == []


def test_where_nobody_answers_it_says_how_to_start_one() -> None:
    done = run(f"http://{LOOPBACK}:{free_port()}")

    assert done.returncode == 1
    assert "start the system with `make up`" in done.stderr


def _wait_for(words: str, file: Path) -> None:
    wait_until(lambda: words in file.read_text(), within_s=30, what=words)


def test_a_watcher_goes_on_while_the_auditor_is_away(tmp_path: Path) -> None:
    port, out, err = free_port(), tmp_path / "out", tmp_path / "err"
    script = Script({"/ledger/final": msgspec.json.encode(ledger())})
    with web(port) as url, out.open("w") as said, err.open("w") as complained:
        watcher = subprocess.Popen(
            command(url, "final", "--watch", "--json"), stdout=said, stderr=complained
        )
        try:
            _wait_for("The auditor does not answer", err)
            with fake_auditor(script, port):
                _wait_for('"room":"final"', out)
        finally:
            watcher.terminate()
            assert watcher.wait(30) == 0


def test_a_status_names_the_worst_room() -> None:
    script = Script({"/ledger": msgspec.json.encode(overview(FINAL, worst="final"))})
    script.answers["/metrics"] = b"auditor_difference_reactions 3.0\n"
    with fake_auditor(script) as port:
        facts = status_auditor.look(port)

    assert (facts.problem, facts.rooms_wrong) == (None, 1)
    assert (facts.worst_room, facts.worst_difference) == ("final", 3)


def test_a_status_says_that_the_auditor_is_away_or_somebody_else() -> None:
    port = free_port()
    assert status_auditor.look(port).problem is not None

    script = Script({"/metrics": b"a 1\n", "/ledger": b"<h1>"})
    with fake_auditor(script) as port:
        assert "answers with no ledger" in (status_auditor.look(port).problem or "")
