"""How a status is shown: tables for a person, a document for programs."""

import io
import json
import re
from dataclasses import fields, replace
from pathlib import Path

import pytest
from rich.console import Console

from compose.status import document as status_document
from compose.status import show, table
from compose.status.auditor_facts import AuditorFacts
from compose.status.facts import (
    BridgeFacts,
    ClusterFacts,
    KafkaFacts,
    Lag,
    OpenFacts,
    ProcessFacts,
    Running,
    Status,
    StreamFacts,
    WebFacts,
)
from compose.status.rules import RULES
from compose.status.table import duration
from compose.status.verdict import judge
from compose.supervision.rpc import State
from tests.facts import CLUSTER, KAFKA, WELL, WORKER, lag, process, with_process

DOCUMENT = Path(__file__).parents[2] / "docs" / "status.md"
NOT_RUNNING = Status(at_ms=5, running=Running.NOT)


def shown(
    status: Status, *, as_json: bool = False, width: int = 120
) -> tuple[str, bool]:
    console = Console(file=io.StringIO(), width=width)
    is_well = show.once(lambda: status, console, as_json=as_json)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue(), is_well


def row(text: str, name: str) -> str:
    """Return the line that begins with a name, its words one space apart."""
    line = next(line for line in text.splitlines() if line.startswith(name))
    return " ".join(line.split())


def test_a_person_sees_each_process_and_that_all_is_well() -> None:
    text, is_well = shown(WELL)

    assert is_well
    assert text.endswith("All is well.\n")
    assert row(text, "kafka ") == "kafka running 1 h 0 min 0 100 MiB 0.25"
    assert row(text, "all ") == "all 900 MiB 2.25"


def test_a_person_sees_each_hop() -> None:
    status = replace(WELL, kafka=replace(KAFKA, stream_lag=lag(1234, 2.04)))

    text, _ = shown(status)
    hops = text.partition("hop ")[2]

    assert "takes reactions; 2 of 2 workers read frames" in row(hops, "web")
    assert "1,234 records, 2.0 s" in row(hops, "stream")
    assert "last trigger 12 s ago, took 0.30 s" in hops
    assert "0 rows dropped; 7 rejects" in " ".join(hops.split())
    assert "50 frames sent; 3 left out, overtaken by newer ones" in row(hops, "bridge")
    assert row(hops, "main") == "main - answers"
    assert row(hops, "auditor") == "auditor - 0 reactions off in 0 rooms; 0.4 s behind"
    assert row(hops, "cluster-1") == "cluster-1 up 12 s ago 0.1 s ago"
    workers = hops.partition("worker ")[2]
    assert row(workers, WORKER.name) == f"{WORKER.name} 64 1,200 3 0.5 s ago"


def test_a_person_sees_what_is_open_to_a_network() -> None:
    where = ("http://192.0.2.7:8080", "ws://192.0.2.7:9885")

    text, _ = shown(replace(WELL, open=OpenFacts(host="phone.example", where=where)))

    assert (
        """
Open to everybody who reaches phone.example:
  http://192.0.2.7:8080
  ws://192.0.2.7:9885
"""
        in text
    )
    assert "Open to" not in shown(WELL)[0]


def test_only_causes_are_told_each_on_a_line() -> None:
    status = replace(
        with_process(WELL, process("kafka", State.EXITED)),
        clusters=(replace(CLUSTER, last_pulse_age_s=None),),
    )

    text, is_well = shown(status)

    assert not is_well
    assert text.splitlines()[-1].startswith("kafka is not running")
    assert "No pulse reaches" not in text


@pytest.mark.parametrize("width", [20, 120])
def test_what_does_not_run_is_told_in_one_line_however_narrow(width: int) -> None:
    assert shown(NOT_RUNNING, width=width) == (
        "EmoStream is not running: `emostream up` starts it.\n",
        False,
    )


def test_of_containers_only_the_hops_are_shown() -> None:
    text, is_well = shown(replace(WELL, running=Running.CONTAINED, processes=()))

    assert is_well
    assert text.startswith("hop ")
    assert "process" not in text


def test_what_could_not_be_seen_is_a_dash() -> None:
    bare = replace(
        WELL,
        kafka=KafkaFacts(problem="gone"),
        stream=StreamFacts(problem=None),
        bridge=BridgeFacts(problem="dead"),
        web=None,
        clusters=(ClusterFacts(name="cluster-1", problem=None),),
    )

    hops = shown(bare)[0].partition("hop ")[2]

    assert row(hops, "web") == "web - -"
    assert "last trigger -, took -" in hops
    assert row(hops, "bridge") == "bridge - dead"
    assert row(hops, "cluster-1") == "cluster-1 - none yet none"


def test_a_program_gets_one_line_with_all_facts_and_findings() -> None:
    status = replace(WELL, clusters=(replace(CLUSTER, is_linked=False),))

    text, is_well = shown(status, as_json=True, width=20)
    document = json.loads(text)

    assert not is_well
    assert text.count("\n") == 1
    assert document["schema"] == 1
    assert document["is_well"] is False
    assert document["findings"] == [
        {
            "part": "cluster-1",
            "problem": "no_link",
            "text": "cluster-1 is not linked to the main broker: it gets no frames.",
            "because_of": None,
        }
    ]
    assert document["running"] == "supervised"
    assert document["processes"][0]["state"] == "RUNNING"
    assert document["kafka"]["stream_lag"] == {
        "records": 0,
        "behind_s": 0.0,
        "lost_records": 0,
    }


def test_a_program_is_told_too_that_nothing_runs() -> None:
    text, is_well = shown(NOT_RUNNING, as_json=True)
    document = json.loads(text)

    assert not is_well
    assert document["running"] == "not_running"
    assert document["findings"][0]["problem"] == "not_running"
    assert document["processes"] == []
    assert document["kafka"] is None


def test_every_field_of_the_document_is_documented() -> None:
    kinds: tuple[type, ...]
    kinds = (Status, ProcessFacts, KafkaFacts, Lag, WebFacts, StreamFacts, BridgeFacts)
    kinds += (AuditorFacts, ClusterFacts, OpenFacts)
    names = {field.name for kind in kinds for field in fields(kind)}
    names |= status_document.document(WELL, judge(WELL, RULES)).keys()
    documented = set(re.findall(r"`(\w+)`", DOCUMENT.read_text()))

    assert names - documented == set()


HIDE_CURSOR = "\x1b[?25l"
"""What a terminal is told while something is redrawn on it."""


def watched(*, as_json: bool, is_terminal: bool) -> str:
    """Watch while all is well and then nothing runs; return what was written."""
    looks = iter([WELL, NOT_RUNNING])

    def look() -> Status:
        try:
            return next(looks)
        except StopIteration:
            raise KeyboardInterrupt from None

    file = io.StringIO()
    console = Console(file=file, width=120, height=9, force_terminal=is_terminal)
    with pytest.raises(KeyboardInterrupt):
        show.watch(look, console, as_json=as_json, every_s=0)
    return file.getvalue()


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_program_that_watches_gets_a_line_for_each_look(is_terminal: bool) -> None:  # noqa: FBT001 - a case
    lines = watched(as_json=True, is_terminal=is_terminal).splitlines()

    assert [json.loads(line)["is_well"] for line in lines] == [True, False]


def test_a_watcher_that_is_no_terminal_gets_one_status_after_the_other() -> None:
    text = watched(as_json=False, is_terminal=False)

    assert HIDE_CURSOR not in text
    assert text.index("All is well.") < text.index("EmoStream is not running")


def test_a_watcher_on_a_low_terminal_sees_what_is_wrong_redrawn() -> None:
    text = watched(as_json=False, is_terminal=True)

    assert HIDE_CURSOR in text
    assert "All is well." in text
    assert "is not running" in text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59.9, "59 s"),
        (61, "1 min 1 s"),
        (7260, "2 h 1 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_a_span_has_the_two_units_that_matter(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_what_is_wrong_stands_out() -> None:
    wrong = table.process_table(WELL, {"web"})

    styles = [row.style for row in wrong.rows]

    assert [style == "bold red" for style in styles].count(True) == 1


@pytest.mark.parametrize(
    ("state", "word", "told"),
    [
        (State.STOPPED, "drained", "drained"),
        (State.RUNNING, "draining", "draining"),
        (State.EXITED, "draining", "exited"),
        (State.RUNNING, "drained", "running"),
    ],
)
def test_processes_of_a_cluster_that_is_not_open_are_called_so(
    state: State, word: str, told: str
) -> None:
    worker = process("cluster-1-worker-1", state)
    status = replace(with_process(WELL, worker), drains={"cluster-1": word})

    text, _ = shown(status)

    assert row(text, "cluster-1-worker-1").startswith(f"cluster-1-worker-1 {told} ")
    assert row(text, "kafka").startswith("kafka running ")


def test_the_document_names_clusters_that_are_not_open() -> None:
    status = replace(WELL, drains={"cluster-1": "drained"})

    text, _ = shown(status, as_json=True)

    assert json.loads(text)["drains"] == {"cluster-1": "drained"}
