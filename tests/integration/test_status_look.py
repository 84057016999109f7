"""A look at real parts: some that work, some that are dead, hang, or lie."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psutil
import pytest

from compose.settings import Settings
from compose.status import metrics as status_metrics
from compose.status import usage
from compose.status.facts import Running, Status, WebFacts
from compose.status.look import look
from compose.status.rules import RULES
from compose.status.scrape import NoMetrics, scrape
from compose.status.verdict import judge
from compose.supervision import restarts
from compose.supervision.rpc import State
from tests.integration.machine import Machine, machine_in_a_short_folder
from tests.integration.processes import (
    LOOPBACK,
    end,
    free_port,
    free_ports,
    spawn,
    wait_until,
)

BUSY = "while True: pass"
BUSY_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}])"


@contextmanager
def answering(status: int, body: bytes, host: str = LOOPBACK) -> Iterator[int]:
    """Serve one answer to every GET; yield the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer((host, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def silent() -> Iterator[int]:
    """Take connections and never answer, as a hung process does; yield the port."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        yield listener.getsockname()[1]


def test_metrics_are_read() -> None:
    with answering(200, b'a_total{x="1"} 2\na_total{x="2"} 3\nb 4\n') as port:
        metrics = scrape(port)

    assert metrics.count("a_total", x="2") == 3
    assert metrics.total("a_total") == 5
    assert metrics.value("b") == 4
    assert metrics.value("c") is None


def test_a_dead_a_hung_and_a_foreign_metrics_port_are_told_apart() -> None:
    port = free_port()
    with pytest.raises(NoMetrics, match=f"no answer on port {port}: "):
        scrape(port)
    with silent() as port, pytest.raises(NoMetrics, match=f"on port {port} in 2 s"):
        scrape(port)
    with answering(404, b"") as port, pytest.raises(NoMetrics, match="answers 404"):
        scrape(port)
    with answering(200, b"<h1>") as port, pytest.raises(NoMetrics, match="something"):
        scrape(port)


def problem_of_web(port: int) -> str | None:
    return status_metrics.look_at_web(Settings(http_port=port)).problem


def test_the_web_server_says_in_its_own_words_why_it_is_not_ready() -> None:
    refusal = b'{"error": "not_ready", "help": "Kafka does not answer."}'
    with answering(503, refusal) as port:
        assert problem_of_web(port) == "Kafka does not answer"
    with answering(500, b"oh") as port:
        assert problem_of_web(port) == "it answers 500"
    with answering(200, b"{}") as port:
        assert problem_of_web(port) is None
    with silent() as port:
        assert problem_of_web(port) == f"no answer on port {port} in 2 s"
    assert "no answer on port" in (problem_of_web(free_port()) or "")


@pytest.mark.parametrize(("shown", "read"), [(b"web_main_up 2.0\n", 2), (b"{}", None)])
def test_the_web_servers_metrics_say_how_many_workers_read_frames(
    shown: bytes, read: int | None
) -> None:
    with answering(200, shown) as port:
        assert status_metrics.look_at_web(
            Settings(http_port=port, web_workers=3)
        ) == WebFacts(problem=None, workers=3, workers_at_main=read)


def test_the_usage_of_a_process_is_that_of_its_children_too(tmp_path: Path) -> None:
    busy = spawn([sys.executable, "-c", BUSY_CHILD], tmp_path / "busy")
    idle = spawn(["sleep", "600"], tmp_path / "idle")
    gone = spawn(["true"], tmp_path / "gone")
    gone.wait()
    try:
        used = usage.watch([busy.pid, idle.pid, gone.pid], for_s=1.0)
    finally:
        for child in psutil.Process(busy.pid).children():
            child.kill()
        end(busy, within_s=5)
        end(idle, within_s=5)

    assert used.keys() == {busy.pid, idle.pid}
    assert used[busy.pid].cpu_cores > 0.05 > used[idle.pid].cpu_cores
    assert used[busy.pid].memory_bytes > used[idle.pid].memory_bytes > 0


@pytest.fixture
def machine() -> Iterator[Machine]:
    with machine_in_a_short_folder() as machine:
        yield machine


def up(machine: Machine, **settings: str) -> None:
    """Start a little server as the stream; of all other parts there is nothing."""
    single = ("http", "kafka", "main", "stream_metrics", "bridge_metrics", "auditor")
    clusters = free_ports(2)
    machine.up(
        machine.server("stream"),
        **{f"{name}_port": free_port() for name in single},
        cluster_port=clusters,
        clusters=2,
        workers=1,
        **settings,
    )


def of(machine: Machine) -> Settings:
    return Settings(state_dir=machine.layout.root)


def problems(status: Status) -> dict[str, str]:
    return {one.part: one.problem for one in judge(status, RULES).findings}


def test_where_nothing_runs_nothing_is_asked(machine: Machine) -> None:
    status = look(of(machine))

    assert status.running is Running.NOT
    assert problems(status) == {"supervisord": "not_running"}


def test_every_part_that_does_not_answer_is_a_finding(machine: Machine) -> None:
    up(machine)

    status = look(of(machine))

    stream = status.process("stream")
    assert stream is not None
    assert stream.is_up
    assert stream.pid == machine.pids()["stream"]
    assert stream.restarts == 0
    assert stream.memory_bytes
    assert stream.cpu_cores is not None
    assert problems(status) == {
        "kafka": "no_answer",
        "mosquitto-main": "no_answer",
        "web": "not_ready",
        "stream": "not_ready_yet",
        "bridge": "no_metrics",
        "auditor": "no_answer",
        "cluster-1": "no_answer",
        "cluster-2": "no_answer",
        "cluster-1-worker-1": "silent",
        "cluster-2-worker-1": "silent",
    }


def test_a_container_is_told_where_the_others_are_and_knows_no_process(
    tmp_path: Path,
) -> None:
    """None of them is on this machine; what does not answer is a finding there, too."""
    single = ("http", "kafka", "main", "stream_metrics", "auditor", "cluster")
    ports = {f"{name}_port": free_port() for name in single}
    said = b"bridge_main_up 1.0\nbridge_kafka_up 0.0\n"
    with answering(200, said, "127.0.0.9") as port:
        chosen = {
            **ports,
            "state_dir": tmp_path,
            "bind_host": "0.0.0.0",  # noqa: S104 - as containers have it
            "process_host": "127.0.0.9",
            "bridge_metrics_port": port,
            "clusters": 1,
            "workers": 1,
        }
        status = look(Settings.model_validate(chosen))

    assert status.running is Running.CONTAINED
    assert status.processes == ()
    assert status.bridge is not None
    assert (status.bridge.is_main_up, status.bridge.is_kafka_up) == (True, False)
    found = problems(status)
    assert (found["bridge"], found["stream"]) == ("no_kafka", "no_metrics")
    assert "supervisord" not in found


def test_what_is_open_to_a_network_is_told(machine: Machine) -> None:
    up(machine, public_host="127.0.0.2")

    status = look(of(machine))

    assert status.open is not None
    assert status.open.problem is None
    schemes = [where.partition("127.0.0.2")[0] for where in status.open.where]
    assert schemes == ["http://", "ws://", "ws://"]


def test_a_public_host_that_is_ours_no_more_is_a_finding(machine: Machine) -> None:
    up(machine, public_host="203.0.113.7")  # nobody's address, for ever

    assert problems(look(of(machine)))["web"] == "host_gone"


def test_restarts_are_counted_with_their_reason(machine: Machine) -> None:
    up(machine)
    before = machine.pids()["stream"]
    os.kill(before, signal.SIGKILL)
    wait_until(
        lambda: machine.pids()["stream"] not in {0, before},
        within_s=30,
        what="another process",
    )

    status = look(of(machine))
    stream = status.process("stream")

    assert status.reviver_look_age_s is not None
    assert stream is not None
    assert stream.restarts == 1
    assert stream.last_restart_reason == "terminated by SIGKILL"


def test_a_process_that_was_stopped_is_no_process(machine: Machine) -> None:
    up(machine)
    machine.supervisor.stop(machine.supervisor.processes()["stream"])

    stream = look(of(machine)).process("stream")

    assert stream is not None
    assert stream.state is State.STOPPED
    assert (stream.pid, stream.running_s, stream.memory_bytes) == (None, None, None)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_parts_that_nobody_looks_after_are_told(
    machine: Machine, number: signal.Signals
) -> None:
    up(machine)
    supervisor = psutil.Process(machine.supervisor.pid())
    os.kill(supervisor.pid, number)
    if number is signal.SIGKILL:
        supervisor.wait(5)

    status = look(of(machine))

    assert status.running is Running.UNSUPERVISED
    assert status.left_over >= 1
    assert status.kafka is not None
    assert problems(status)["supervisord"] == "no_supervisor"


def test_without_its_note_a_system_is_told_to_go_down(machine: Machine) -> None:
    up(machine)
    machine.layout.noted_settings.unlink()

    status = look(of(machine))

    assert "`down` first" in (status.problem or "")
    assert status.process("stream") is not None
    assert problems(status) == {"supervisord": "cannot_look"}


def test_restarts_that_cannot_be_read_are_told(machine: Machine) -> None:
    up(machine)
    wait_until(
        lambda: restarts.looked_at_s(machine.layout) is not None,
        within_s=30,
        what="the reviver, which writes them when it starts",
    )
    machine.layout.restarts.write_text("{")

    status = look(of(machine))

    stream = status.process("stream")
    assert stream is not None
    assert stream.restarts is None
    assert problems(status)["supervisord"] == "cannot_look"
