"""The bench measures a running system: so it still works when it is needed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.processes import LOOPBACK
from tests.load.measured import CaseRun, Result
from tests.system.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
RATE, SECONDS = 2_000, 6
WITHIN_S = 180


@pytest.fixture(scope="module")
def result(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Result:
    file = tmp_path_factory.mktemp("bench") / "result.json"
    command = [sys.executable, "-m", "tests.load", "--only", "smoke", "--repeats", "1"]
    where = ["--url", stack.url, "--broker", f"{LOOPBACK}:{stack.cluster_ports[1]}"]
    done = subprocess.run(
        [*command, *where, "--out", str(file)],
        cwd=ROOT,
        env={**stack.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=WITHIN_S,
    )
    assert file.exists(), done.stdout
    result = Result.from_json(file.read_bytes())
    (run,) = result.cases[0].repeats
    # A machine that is busy with other things makes a run invalid, and it says so.
    assert done.returncode == (1 if run.invalid else 0), done.stdout
    return result


@pytest.fixture
def run(result: Result) -> CaseRun:
    return result.cases[0].repeats[0]


def test_all_that_was_sent_was_accepted_and_is_counted(run: CaseRun) -> None:
    assert run.book
    assert run.failures == ()
    assert run.book.accepted == run.book.counted > RATE * SECONDS
    assert run.answers.keys() == {"202"}


def test_it_sends_at_its_rate_whatever_the_answers(run: CaseRun) -> None:
    assert run.offered_per_s == pytest.approx(RATE, rel=0.05)


def test_taps_and_loaded_rooms_are_followed_to_a_clusters_broker(run: CaseRun) -> None:
    assert run.canary
    assert run.loaded
    assert run.loaded.n == RATE / 100 * 5
    assert 0 < run.canary.p50_ms <= run.canary.p99_ms <= run.canary.max_ms
    assert list(run.hops_ms) == [
        "tap → answered",
        "answered → made",
        "made → bridge",
        "bridge → viewer",
        "bridge → worker",
        "worker → client",
    ]
    assert min(run.hops_ms.values()) >= 0


def test_taps_are_followed_to_a_registered_client_of_each_cluster(
    run: CaseRun, stack: Stack
) -> None:
    assert run.registered
    assert run.canary
    assert run.registered.n == run.canary.n * len(stack.cluster_ports)
    assert 0 < run.registered.p50_ms <= run.registered.p99_ms


def test_what_measures_is_booked_apart(run: CaseRun) -> None:
    assert {usage.name for usage in run.usage} == {"generator", "audience", "harness"}


def test_a_look_at_one_case_is_not_the_whole_bench(result: Result) -> None:
    assert not result.complete
    assert [case.name for case in result.cases] == ["smoke"]
