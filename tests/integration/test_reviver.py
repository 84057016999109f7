"""What ends is started again: a real supervisord, harmless little servers."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest

from compose.processes import Step, StepFailed
from compose.scaling import drains
from compose.scaling.reminding import MAIN
from compose.starter import PartFailed
from compose.supervision import orphans, restarts
from compose.supervision.rpc import REVIVER, State
from tests.integration.machine import Machine, machine_in_a_short_folder
from tests.integration.processes import LOOPBACK, accepts, free_port, wait_until


@pytest.fixture
def machine() -> Iterator[Machine]:
    with machine_in_a_short_folder() as machine:
        yield machine


class Gate:
    """A server that needs it starts while it is open, and ends at once when not."""

    def __init__(self, machine: Machine) -> None:
        self.step = Step(name="gate", run=lambda: None)
        self._port = machine.ports["gate"] = free_port()
        self.open()

    def open(self) -> None:
        self._socket = socket.create_server((LOOPBACK, self._port))

    def close(self) -> None:
        self._socket.close()


def state(machine: Machine, name: str) -> State:
    return machine.supervisor.processes()[name].state


def wait_for(machine: Machine, name: str, *, other_than: int) -> None:
    wait_until(
        lambda: machine.pids()[name] not in {0, other_than},
        within_s=30,
        what=f"another process of {name}",
    )


def kill(machine: Machine, name: str) -> int:
    pid = machine.pids()[name]
    os.kill(pid, signal.SIGKILL)
    return pid


def reviver_at_work(machine: Machine) -> psutil.Process:
    """Return the reviver once it has looked around."""
    wait_until(
        lambda: restarts.looked_at_s(machine.layout) is not None,
        within_s=30,
        what="the reviver",
    )
    return psutil.Process(machine.pids()[REVIVER])


def reviver_with_events(machine: Machine) -> psutil.Process:
    """Return the reviver once supervisord, which lets a while pass, sends events."""
    wait_until(
        lambda: state(machine, REVIVER) is State.RUNNING, within_s=30, what="events"
    )
    return reviver_at_work(machine)


def restarts_of(machine: Machine, name: str) -> int:
    return restarts.read(machine.layout).get(name, restarts.NONE).count


def test_what_ends_is_started_again_and_counted_since_up(machine: Machine) -> None:
    machine.up(machine.server("first"))

    for _ in range(2):
        wait_for(machine, "first", other_than=kill(machine, "first"))

    noted = restarts.read(machine.layout)
    assert noted.keys() == {"first"}
    assert noted["first"].count == 2
    assert noted["first"].last_reason == "terminated by SIGKILL"
    told = machine.layout.log_of(REVIVER).read_text()
    assert "WARNING" in told
    assert "down process=first reason='terminated by SIGKILL'" in told
    machine.native.down()
    machine.up(machine.server("first"))
    assert restarts.read(machine.layout) == {}


def test_what_goes_on_ending_is_tried_until_it_stays(machine: Machine) -> None:
    gate = Gate(machine)
    machine.up(gate.step, machine.server("first", "gate"))
    gate.close()
    kill(machine, "first")
    wait_until(
        lambda: restarts_of(machine, "first") >= 2, within_s=60, what="two tries"
    )
    assert not accepts(machine.ports["first"])

    gate.open()

    wait_until(lambda: accepts(machine.ports["first"]), within_s=60, what="first again")
    assert "exit status 1" in restarts.read(machine.layout)["first"].last_reason


def test_what_was_stopped_on_purpose_stays_down(machine: Machine) -> None:
    machine.up(machine.server("first"), machine.server("second"))
    machine.supervisor.stop(machine.supervisor.processes()["first"])

    wait_for(machine, "second", other_than=kill(machine, "second"))

    assert state(machine, "first") is State.STOPPED


def test_nothing_stays_down_while_the_reviver_is_hung(machine: Machine) -> None:
    machine.up(machine.server("first"))
    reviver_at_work(machine).suspend()
    first = kill(machine, "first")
    wait_until(
        lambda: state(machine, "first") is State.EXITED, within_s=30, what="its end"
    )

    os.kill(machine.pids()[REVIVER], signal.SIGCONT)

    wait_for(machine, "first", other_than=first)


def test_a_new_reviver_finds_what_ended_before_it(machine: Machine) -> None:
    machine.up(machine.server("first"))
    reviver_at_work(machine).suspend()
    first = kill(machine, "first")
    wait_until(
        lambda: state(machine, "first") is State.EXITED, within_s=30, what="its end"
    )

    wait_for(machine, REVIVER, other_than=kill(machine, REVIVER))

    wait_for(machine, "first", other_than=first)
    assert restarts_of(machine, REVIVER) == 1


def test_up_starts_at_once_what_waits_for_its_pause(machine: Machine) -> None:
    machine.up(machine.server("first"))
    reviver_at_work(machine).suspend()  # a pause without an end
    kill(machine, "first")
    wait_until(
        lambda: state(machine, "first") is State.EXITED, within_s=30, what="its end"
    )

    machine.up(machine.server("first"))

    assert accepts(machine.ports["first"])
    assert restarts_of(machine, "first") == 0


def test_an_up_that_fails_leaves_to_the_reviver_what_waited_for_its_pause(
    machine: Machine,
) -> None:
    machine.up(machine.server("first"))
    reviver = reviver_at_work(machine)
    reviver.suspend()  # a pause without an end
    kill(machine, "first")
    wait_until(
        lambda: state(machine, "first") is State.EXITED, within_s=30, what="its end"
    )

    def fail() -> None:
        raise StepFailed("the disk is full")

    with pytest.raises(PartFailed):
        machine.up(
            machine.server("first"), Step(name="step", run=fail, needs=("first",))
        )

    assert state(machine, "first") is State.RUNNING
    reviver.resume()
    wait_for(machine, "first", other_than=kill(machine, "first"))


def test_what_ends_while_up_waits_for_it_is_told_and_not_started_again(
    machine: Machine,
) -> None:
    gate = Gate(machine)
    machine.up(gate.step, machine.server("first", "gate"))
    machine.supervisor.stop(machine.supervisor.processes()["first"])
    gate.close()

    def slowly() -> bool:
        """Give a reviver that meddles the time to do so."""
        threading.Event().wait(2)
        return False

    meddled_with = replace(machine.server("first", "gate"), ready=slowly)
    with pytest.raises(PartFailed, match="first did not start: it ended"):
        machine.up(gate.step, meddled_with)

    assert restarts_of(machine, "first") == 0
    assert state(machine, "first") is State.EXITED


def test_down_ends_the_reviver_in_order(machine: Machine) -> None:
    machine.up(machine.server("first"))
    reviver = reviver_with_events(machine)
    # It takes a second to kill this: as long the reviver has to hear of it and to go.
    os.kill(machine.pids()["first"], signal.SIGSTOP)

    machine.native.down()

    assert not reviver.is_running()
    told = machine.layout.log_of(REVIVER).read_text()
    assert "ended: there is nothing to revive" in told
    assert "Traceback" not in told


def test_what_outlives_its_supervisor_is_named_and_the_reviver_does_not(
    machine: Machine,
) -> None:
    machine.up(machine.server("first"), machine.server("second"))
    supervisor = psutil.Process(machine.supervisor.pid())
    reviver = reviver_at_work(machine)

    supervisor.kill()
    supervisor.wait(5)

    reviver.wait(30)  # it has nothing to do any more
    assert orphans.names(machine.left()) == ["first", "second"]
    machine.up(machine.server("first"))
    told = "Ending what an earlier supervisor left: first, second"
    assert told in machine.told.lines


def test_it_sees_to_it_that_a_new_main_broker_hears_who_is_to_go(
    machine: Machine,
) -> None:
    """This one is a little server, which cannot be told."""
    machine.up(machine.server(MAIN))
    drains.add(machine.layout, drains.begun("cluster-2", 30))
    log = machine.layout.log_of("reviver")

    def since_its_start() -> str:
        _, started, rest = log.read_text().rpartition(f"started process={MAIN}")
        return rest if started else ""

    kill(machine, MAIN)

    wait_until(
        lambda: "main was not told who is to go" in since_its_start(),
        within_s=30,
        what="a try",
    )
