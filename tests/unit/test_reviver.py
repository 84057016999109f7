import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import pytest

from compose.layout import Layout
from compose.supervision import kept, restarts
from compose.supervision.restarts import Restarts
from compose.supervision.reviver import LOOKS_EVERY_S, Events, Reviver, why_down
from compose.supervision.rpc import ProcessInfo, StartRefused, State

DOWN = ProcessInfo(
    name="web",
    group="web",
    state=State.EXITED,
    pid=0,
    started_at=1000,
    exit_status=1,
)

LOG = """\
2026-11-20 18:00:00,001 INFO spawned: 'web' with pid 7
2026-11-20 18:00:01,001 WARN exited: web (exit status 1; not expected)
2026-11-20 18:00:02,001 INFO spawned: 'web' with pid 8
2026-11-20 18:00:03,001 WARN exited: web (terminated by SIGKILL; not expected)
2026-11-20 18:00:04,001 INFO exited: webby (exit status 0; expected)
"""


class SupervisorOnPaper:
    """Knows one process; a start works unless refused."""

    def __init__(self, process: ProcessInfo) -> None:
        self.process = process
        self.starts = 0
        self.refusal: StartRefused | None = None

    def processes(self) -> dict[str, ProcessInfo]:
        return {self.process.name: self.process}

    def start(self, process: ProcessInfo) -> None:
        assert process.name == self.process.name
        self.starts += 1
        if self.refusal:
            raise self.refusal
        self.process = replace(self.process, state=State.RUNNING)


class Scene:
    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.now_s = 0.0
        self.supervisor = SupervisorOnPaper(DOWN)
        self.after_look: Callable[[Mapping[str, ProcessInfo]], None] = lambda _: None
        self.reviver = self.new_reviver()

    def new_reviver(self) -> Reviver:
        return Reviver(
            self.layout,
            self.supervisor,
            now_s=lambda: self.now_s,
            spread=lambda pause_s: pause_s,
            after_look=self.after_look,
        )

    def look_after(self, seconds: float) -> float:
        self.now_s += seconds
        return self.reviver.look()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    layout = Layout(tmp_path)
    layout.make()
    kept.add(layout, "web")
    return Scene(layout)


def test_what_is_down_is_started_when_its_pause_is_over(scene: Scene) -> None:
    assert scene.look_after(0) == 0.5
    assert scene.look_after(0.3) == pytest.approx(0.2)
    assert scene.supervisor.starts == 0

    scene.look_after(0.3)

    assert scene.supervisor.starts == 1
    assert scene.look_after(0) == LOOKS_EVERY_S


def test_each_start_is_counted_with_when_and_why(scene: Scene) -> None:
    scene.layout.log_of("supervisord").write_text(LOG)
    scene.look_after(0)
    assert restarts.read(scene.layout) == {}

    scene.look_after(1)

    noted = restarts.read(scene.layout)["web"]
    assert noted.count == 1
    assert noted.last_reason == "terminated by SIGKILL"
    assert noted.last_at_s is not None


def test_who_wants_it_learns_at_each_look_what_runs(scene: Scene) -> None:
    seen: list[State] = []
    scene.after_look = lambda processes: seen.append(processes["web"].state)
    scene.reviver = scene.new_reviver()

    scene.look_after(0)
    scene.look_after(1)
    scene.look_after(0)

    assert seen == [State.EXITED, State.EXITED, State.RUNNING]


def test_what_supervisord_cannot_start_is_tried_again_for_ever(scene: Scene) -> None:
    scene.supervisor.refusal = StartRefused("NOT_EXECUTABLE")

    for _ in range(100):
        scene.look_after(10)

    assert scene.supervisor.starts == 50  # a look plans, the next one starts
    assert restarts.read(scene.layout)["web"].count == 50


def test_it_looks_again_at_once_after_a_start(scene: Scene) -> None:
    """One that supervisord refuses causes no event that would wake it."""
    scene.look_after(0)

    assert scene.look_after(1) == 0


def test_what_is_being_started_by_a_command_is_left_to_it(scene: Scene) -> None:
    kept.remove(scene.layout, "web")

    scene.look_after(0)
    scene.look_after(60)

    assert scene.supervisor.starts == 0


def test_a_new_reviver_goes_on_counting_and_counts_the_end_of_the_one_before(
    scene: Scene,
) -> None:
    scene.look_after(0)
    scene.look_after(1)

    scene.new_reviver()

    counted = restarts.read(scene.layout)
    assert {name: one.count for name, one in counted.items()} == {
        "web": 1,
        "reviver": 1,
    }


def test_counts_that_cannot_be_read_stop_nobody(scene: Scene) -> None:
    scene.layout.restarts.write_text("{")

    scene.reviver = scene.new_reviver()
    scene.look_after(0)
    scene.look_after(1)

    assert restarts.read(scene.layout)["web"].count == 1


def test_counts_that_cannot_be_written_stop_nobody(scene: Scene) -> None:
    (scene.layout.run / "restarts.json.new").mkdir()

    scene.reviver = scene.new_reviver()
    scene.look_after(0)
    scene.look_after(1)

    assert scene.supervisor.starts == 1


def test_a_look_can_be_seen_from_outside(scene: Scene) -> None:
    os.utime(scene.layout.restarts, (1000, 1000))
    assert restarts.looked_at_s(scene.layout) == 1000

    scene.look_after(0)

    looked_at_s = restarts.looked_at_s(scene.layout)
    assert looked_at_s is not None
    assert looked_at_s > 1000


def test_the_last_end_in_the_log_says_why() -> None:
    assert why_down(DOWN, LOG.splitlines()) == "terminated by SIGKILL"


@pytest.mark.parametrize(
    ("process", "why"),
    [
        (DOWN, "exit status 1"),
        (replace(DOWN, exit_status=-1), "a signal"),
        (replace(DOWN, state=State.FATAL, spawn_error="no memory"), "no memory"),
    ],
)
def test_without_the_log_supervisord_s_answer_says_why(
    process: ProcessInfo, why: str
) -> None:
    assert why_down(process, []) == why


def test_restarts_are_read_as_they_were_written(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    noted = {"web": Restarts(3, 1795226378.25, "exit status 1")}

    restarts.write(layout, noted)

    assert restarts.read(layout) == noted
    restarts.forget(layout)
    assert restarts.read(layout) == {}
    assert restarts.looked_at_s(layout) is None


class Pipes:
    """supervisord's side of a listener's input and output."""

    def __init__(self) -> None:
        read, write = os.pipe()
        self.input, self.to_listener = os.fdopen(read), os.fdopen(write, "w")
        read, write = os.pipe()
        self.from_listener, self.output = os.fdopen(read), os.fdopen(write, "w")

    def send(self, name: str, payload: str) -> None:
        about = f"ver:3.0 serial:1 eventname:{name} len:{len(payload)}"
        self.to_listener.write(f"{about}\n{payload}")
        self.to_listener.flush()

    def close(self) -> None:
        ends: list[TextIO] = [self.input, self.output]
        for end in [*ends, self.to_listener, self.from_listener]:
            end.close()


@pytest.fixture
def pipes() -> Iterator[Pipes]:
    pipes = Pipes()
    yield pipes
    pipes.close()


def test_an_event_is_acknowledged_and_the_next_asked_for(pipes: Pipes) -> None:
    events = Events(pipes.input, pipes.output)
    pipes.send("PROCESS_STATE_EXITED", "processname:web expected:0")

    assert events.wait(60)

    assert [pipes.from_listener.readline() for _ in range(3)] == [
        "READY\n",
        "RESULT 2\n",
        "OKREADY\n",
    ]


def test_without_an_event_it_goes_on_when_time_is_up(pipes: Pipes) -> None:
    assert Events(pipes.input, pipes.output).wait(0.01)


def test_it_ends_when_supervisord_does(pipes: Pipes) -> None:
    events = Events(pipes.input, pipes.output)
    pipes.send("SUPERVISOR_STATE_CHANGE_STOPPING", "")

    assert not events.wait(60)


def test_it_ends_when_supervisord_is_gone(pipes: Pipes) -> None:
    events = Events(pipes.input, pipes.output)
    pipes.to_listener.close()

    assert not events.wait(60)
