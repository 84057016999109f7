"""`emostream verify` of systems that are well, and of some with one fault each."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from clients.verify.finding import Finding
from clients.verify.patience import Patience
from clients.verify.plan import Plan
from clients.verify.run import Check
from clients.verify.web import Web
from tests.integration.little_system import Faults, LittleSystem, little_system
from tests.integration.processes import LOOPBACK, free_port

WITHIN_S = 60
"""The promise; the process' own start is in it."""

STEPS = [
    *("server", "clusters", "pulse", "join", "accepted", "refused", "counted"),
    *("repeated", "total", "relayed", "read", "ledger"),
]


def verify(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "clients", "verify", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=WITHIN_S,
    )
    return done.returncode, done.stdout


def findings(system: LittleSystem, clusters_min: int = 1) -> list[Finding]:
    """Check it, waiting no longer than it takes there."""
    patience = Patience(joined_s=3, first_s=2, last_s=2, read_s=1, balanced_s=1)
    plan = Plan.made()
    with closing(Web(system.url, plan.room)) as web:
        return [*Check(web, plan, clusters_min, patience).findings()]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LittleSystem]:
    with little_system(tmp_path_factory.mktemp("little"), clusters=2) as system:
        yield system


@pytest.fixture
def system(running: LittleSystem) -> LittleSystem:
    running.faults = Faults()
    return running


def test_a_system_that_is_well_passes_with_a_line_a_finding(
    system: LittleSystem,
) -> None:
    code, said = verify(system.url, "--clusters", "2")

    first, last = said.splitlines()[0], said.splitlines()[-1]
    assert code == 0, said
    assert [line.split()[:2] for line in said.splitlines()[:-1]] == [
        ["ok", step] for step in STEPS
    ]
    assert first.startswith("ok    server    is ready for reactions, answered ")
    assert last.startswith(f"All is well: {system.url}, in ")


@pytest.mark.parametrize(
    ("faults", "wrong", "words"),
    [
        (Faults(loses="🔥"), "total", "shows total 527 instead of 528: 🔥 0 instead"),
        (Faults(counts_copies_of="😂"), "total", "😂 40 instead of 20"),
        (Faults(counts_copies_of="👏"), "counted", "👏 14 instead of 7"),
        (Faults(loses="👏"), "counted", "👏 0 instead of 7"),
        (Faults(refuses="😂"), "accepted", "😂 refused: not_stored: No."),
        (Faults(takes_nonsense=True), "refused", "202 instead of 422"),
        (Faults(is_silent=True), "pulse", "the stream is not heard at 127.0.0.1:"),
        (Faults(without_auditor=True), "ledger", "The auditor is away."),
        (Faults(without_frames_by_http=True), "read", "503, no_auditor"),
    ],
)
def test_each_fault_is_found(
    system: LittleSystem, faults: Faults, wrong: str, words: str
) -> None:
    system.faults = faults

    first = next(one for one in findings(system) if not one.is_well)
    assert first.name == wrong
    assert words in first.words


def test_a_ledger_that_hides_what_is_lost_differs_from_what_the_clusters_show(
    system: LittleSystem,
) -> None:
    system.faults = Faults(loses="🔥", hides="🔥")

    found = {one.name: one.is_well for one in findings(system)}
    assert found["ledger"]
    assert not found["total"]


def test_the_findings_are_there_for_programs(system: LittleSystem) -> None:
    system.faults = Faults(without_auditor=True)
    code, said = verify(system.url, "--json")

    found = json.loads(said)
    assert code == 1
    assert (found["format"], found["url"]) == (1, system.url)
    assert found["is_complete"] is True
    assert [one["name"] for one in found["findings"]] == STEPS
    assert [one["is_well"] for one in found["findings"]] == [True] * 11 + [False]
    assert found["findings"][8]["times_ms"].keys() == {"fastest", "slowest"}


def test_a_cluster_less_than_there_must_be_is_found(system: LittleSystem) -> None:
    found = {one.name: one for one in findings(system, clusters_min=3)}

    assert found["clusters"].words.startswith("2: ")
    assert not found["clusters"].is_well
    assert found["ledger"].is_well


def test_a_cluster_whose_broker_is_dead_is_named_and_ends_the_check(
    tmp_path: Path,
) -> None:
    with little_system(tmp_path, clusters=2) as system:
        dead = system.desk.clusters[1]
        dead.kill()

        *_, pulse, join, accepted, refused, counted = findings(system)
        name = f"{LOOPBACK}:{dead.port}"
        assert pulse.words == f"the stream is not heard at {name} (Connection refused)"
        assert join.words.endswith(f"at {name} (Connection refused)")
        assert (accepted.is_well, refused.is_well) == (True, True)
        assert counted.words == f"{name} shows no frame"


def test_members_without_a_worker_are_not_served(tmp_path: Path) -> None:
    with little_system(tmp_path, clusters=1) as system:
        system.desk.stop_workers()

        found = {one.name: one.is_well for one in findings(system)}
        assert {name for name, is_well in found.items() if not is_well} == {
            "join",
            "relayed",
        }


def test_what_is_not_looked_at_is_said() -> None:
    code, said = verify(f"http://{LOOPBACK}:{free_port()}")

    assert code == 1
    server, last = said.splitlines()
    assert server.startswith("WRONG server    /readyz: ")
    assert last == "NOT WELL: server; what depends on it was not looked at."


def test_what_is_no_address_is_refused() -> None:
    code, said = verify("ftp://somewhere")

    assert code == 2
    assert "does not start with http" in said
