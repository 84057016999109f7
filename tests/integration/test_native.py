"""The runner over a real supervisord, with harmless little servers as its parts."""

import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from compose.cleaning import StillRunning, delete, leftovers
from compose.credentials import Credentials
from compose.files import File
from compose.native import DOWN_WITHIN_S
from compose.ports import PortsTaken
from compose.processes import Process, Step, StepFailed, System
from compose.settings import Settings
from compose.starter import PartFailed
from compose.supervision.rpc import NoSupervisor
from tests.integration.machine import Machine, machine_in_a_short_folder
from tests.integration.processes import accepts


@pytest.fixture
def machine() -> Iterator[Machine]:
    with machine_in_a_short_folder() as machine:
        yield machine


def ended(name: str, code: str, *needs: str) -> Process:
    return Process(
        name=name,
        command=(sys.executable, "-c", code),
        needs=needs,
        ready=lambda: False,
        hint="EMOSTREAM_THIS helps.",
    )


def test_a_part_starts_once_what_it_needs_is_ready(machine: Machine) -> None:
    done: list[str] = []
    first = machine.server("first")
    step = Step(name="step", run=lambda: done.append("step"), needs=("first",))
    # It ends at once unless the port of the first takes connections.
    machine.ports["step"] = machine.ports["first"]
    second = machine.server("second", "step")

    machine.up(second, step, first)

    assert done == ["step"]
    assert machine.told.ready_parts == ["first", "step", "second"]
    assert machine.events() == ["first started", "second started"]


def test_up_twice_starts_nothing_twice(machine: Machine) -> None:
    parts = [machine.server("first"), machine.server("second", "first")]
    machine.up(*parts)
    before = machine.pids()

    machine.up(*parts)

    assert machine.pids() == before
    assert "Already running; starting what is missing." in machine.told.lines


def test_up_again_starts_what_is_missing(machine: Machine) -> None:
    parts = [machine.server("first"), machine.server("second", "first")]
    machine.up(*parts)
    machine.supervisor.stop(machine.supervisor.processes()["second"])
    assert machine.pids()["second"] == 0

    machine.up(*parts)

    assert accepts(machine.ports["second"])


def test_up_with_other_settings_says_which_and_keeps_the_old(machine: Machine) -> None:
    machine.up(machine.server("first"), clusters=3)

    runs_with = machine.up(machine.server("first"), clusters=5)

    assert runs_with.clusters == 3
    said = "EMOSTREAM_CLUSTERS is '5', but what runs has '3': `emostream scale"
    assert said in "".join(machine.told.lines)


def test_a_process_reads_the_settings_that_up_resolved(machine: Machine) -> None:
    seen = machine.layout.root / "seen"
    code = (
        f"import os; open({str(seen)!r}, 'w').write(os.environ['EMOSTREAM_CLUSTERS'])"
    )
    reader = Process(
        name="reader",
        command=(sys.executable, "-c", f"{code}; import time; time.sleep(600)"),
        ready=lambda: seen.exists() and seen.read_text() != "",
    )

    with pytest.raises(PartFailed, match="other"):
        machine.up(reader, ended("other", "", "reader"), clusters=7)

    assert seen.read_text() == "7"


def test_a_part_that_ends_is_named_with_its_log_and_all_is_stopped(
    machine: Machine,
) -> None:
    failing = ended("failing", "raise SystemExit('no such file')")
    machine.layout.make()
    machine.layout.log_of("failing").write_text("of an earlier start\n")

    with pytest.raises(PartFailed) as failure:
        machine.up(machine.server("first"), failing)

    text = str(failure.value)
    assert "failing did not start: it ended" in text
    assert "EMOSTREAM_THIS helps." in text
    assert "| no such file" in text
    assert "of an earlier start" not in text
    assert machine.left() == []


def test_a_part_that_is_never_ready_is_named_and_stopped(machine: Machine) -> None:
    hung = Process(
        name="hung",
        command=("sleep", "600"),
        ready=lambda: False,
        ready_within_s=1,
    )

    with pytest.raises(PartFailed, match="hung did not start: it was not ready"):
        machine.up(hung)

    assert machine.left() == []


def test_a_command_that_cannot_be_run_is_named(machine: Machine) -> None:
    absent = Process(name="absent", command=("/no/such/file",), ready=lambda: False)

    with pytest.raises(PartFailed, match="absent did not start"):
        machine.up(absent)


def test_a_step_that_fails_stops_what_was_started(machine: Machine) -> None:
    def fail() -> None:
        raise StepFailed("the disk is full")

    step = Step(name="format", run=fail, needs=("first",), hint="Delete something.")

    with pytest.raises(PartFailed, match="format failed: the disk is full\nDelete"):
        machine.up(machine.server("first"), step)

    assert machine.left() == []


def test_only_the_failing_part_is_stopped_where_others_ran_before(
    machine: Machine,
) -> None:
    machine.up(machine.server("first"), machine.server("second"))
    machine.supervisor.stop(machine.supervisor.processes()["second"])
    never = Process(
        name="second", command=("false",), ready=lambda: False, ready_within_s=1
    )

    with pytest.raises(PartFailed):
        machine.up(machine.server("first"), never)

    assert machine.pids()["second"] == 0
    assert accepts(machine.ports["first"])


def test_a_port_in_use_is_named_with_its_holder_and_setting(machine: Machine) -> None:
    first = machine.server("first")
    machine.up(first)
    with tempfile.TemporaryDirectory(prefix="emostream-") as folder:
        beside = Machine(Path(folder))
        beside.ports = machine.ports

        with pytest.raises(PortsTaken) as refusal:
            beside.up(beside.server("first"))

        assert beside.left() == []
    text = str(refusal.value)
    pid = machine.pids()["first"]
    assert f"port {machine.ports['first']} (first) is in use by" in text
    assert f"(process {pid}) of the EmoStream in {machine.layout.root}" in text
    assert "EMOSTREAM_FIRST_PORT" in text


def test_down_stops_in_reverse_order_and_keeps_data(machine: Machine) -> None:
    machine.up(
        machine.server("first"),
        machine.server("second", "first"),
        machine.server("third", "second"),
    )
    kept = machine.layout.data / "kept"
    kept.write_text("data")

    assert machine.native.down()

    assert machine.events()[3:] == ["third ended", "second ended", "first ended"]
    assert machine.left() == []
    assert kept.read_text() == "data"


def test_down_with_nothing_running_says_so(machine: Machine) -> None:
    assert not machine.native.down()


def test_a_hung_part_is_killed_within_its_time(machine: Machine) -> None:
    machine.up(machine.server("first"), machine.server("second", "first"))
    os.kill(machine.pids()["second"], signal.SIGSTOP)

    assert machine.native.down()

    assert machine.left() == []
    assert machine.events()[2:] == ["first ended"]


def test_a_hung_supervisor_does_not_keep_anything_alive(machine: Machine) -> None:
    machine.up(machine.server("first"))
    os.kill(machine.supervisor.pid(), signal.SIGSTOP)

    assert machine.native.down()

    assert machine.left() == []


def test_up_leaves_what_a_silent_supervisor_runs_alone(machine: Machine) -> None:
    machine.up(machine.server("first"))
    supervisor, before = machine.supervisor.pid(), machine.pids()

    os.kill(supervisor, signal.SIGSTOP)
    try:
        with pytest.raises(NoSupervisor, match="does not answer: try again, or"):
            machine.up(machine.server("first"))
    finally:
        os.kill(supervisor, signal.SIGCONT)

    machine.up(machine.server("first"))
    assert machine.pids() == before
    assert machine.events() == ["first started"]


def test_down_finds_what_a_killed_supervisor_left(machine: Machine) -> None:
    machine.up(machine.server("first"))
    supervisor = psutil.Process(machine.supervisor.pid())
    supervisor.kill()
    supervisor.wait(5)
    assert accepts(machine.ports["first"])

    assert machine.native.down()

    assert machine.left() == []
    assert machine.events() == ["first started", "first ended"]


def test_up_ends_what_a_killed_supervisor_left_and_starts_anew(
    machine: Machine,
) -> None:
    machine.up(machine.server("first"))
    supervisor = psutil.Process(machine.supervisor.pid())
    supervisor.kill()
    supervisor.wait(5)

    machine.up(machine.server("first"))

    assert machine.events() == ["first started", "first ended", "first started"]


def test_an_interrupted_up_leaves_nothing_running(machine: Machine) -> None:
    interrupts = [signal.SIGINT]

    def interrupt() -> bool:
        if interrupts:
            os.kill(os.getpid(), interrupts.pop())
        return False

    slow = Process(name="slow", command=("sleep", "600"), ready=interrupt)

    with pytest.raises(KeyboardInterrupt):
        machine.up(machine.server("first"), slow)

    assert machine.left() == []


def test_files_are_there_before_the_first_part_starts(machine: Machine) -> None:
    secret = machine.layout.config / "secret"
    settings = Settings(state_dir=machine.layout.root)
    seen: list[str] = []
    look: Callable[[], None] = lambda: seen.append(secret.read_text())  # noqa: E731
    step = Step(name="look", run=look)

    machine.native.up(
        settings, lambda _: System([step, machine.server("a")], [File(secret, "s")])
    )

    assert seen == ["s"]
    assert secret.stat().st_mode & 0o777 == 0o600


def test_nothing_is_cleaned_away_from_under_a_running_system(machine: Machine) -> None:
    machine.up(machine.server("first"))

    with pytest.raises(StillRunning, match="`down` first"):
        leftovers(machine.layout)


def test_cleaning_takes_all_but_the_jars(machine: Machine) -> None:
    jars = machine.layout.root / "jars"
    jars.mkdir()
    Credentials.load_or_make(machine.layout.root, ["operator"])
    machine.up(machine.server("first"))
    machine.native.down()
    machine.journal.unlink()

    delete(leftovers(machine.layout))

    assert list(machine.layout.root.iterdir()) == [jars]
    assert leftovers(machine.layout) == []


def test_a_stop_has_a_limit_that_people_wait_for() -> None:
    assert DOWN_WITHIN_S <= 20
