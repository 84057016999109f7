"""`join` as a process, against real brokers and workers."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mosquitto.acl import WORKER
from tests.integration.front_desk import SOON_S, FrontDesk, front_desk
from tests.integration.mqtt_peer import Login, Peer
from tests.integration.processes import LOOPBACK, free_port, wait_until


class Command:
    """A running `join`, and what it has said so far."""

    def __init__(self, folder: Path, url: str, *options: str) -> None:
        self._out, self._err = folder / "join.out", folder / "join.err"
        command = [sys.executable, "-m", "clients", "join", "--room", "final"]
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [*command, "--url", url, *options], stdout=out, stderr=err
            )

    def lines(self) -> list[str]:
        return self._out.read_text().splitlines()

    def notes(self) -> str:
        return self._err.read_text()

    def wait_for_line(self, text: str) -> None:
        def came() -> bool:
            return any(text in line for line in self.lines())

        wait_until(came, within_s=SOON_S, what=text)

    def stop(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(SOON_S)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[FrontDesk]:
    with front_desk(tmp_path, clusters=1) as desk:
        desk.play(1)
        yield desk


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_join_shows_frames_and_where_it_is_served_and_leaves(
    desk: FrontDesk, tmp_path: Path, number: int
) -> None:
    command = Command(tmp_path, desk.url)
    command.wait_for_line("total=1")
    desk.play(2)
    command.wait_for_line("total=2")
    password = desk.credentials.passwords[WORKER]
    with Peer(desk.clusters[0].port, Login(WORKER, password)) as worker:
        worker.subscribe("clients/+/leave", qos=1)

        assert command.stop(number) == 0
        worker.turn_until(lambda: bool(worker.received), "a leave")

    place = desk.places[0]
    told = f"joined {LOOPBACK}:{desk.clusters[0].port} slot {place.slot}"
    assert f"{told} as {place.client_id}" in command.notes()
    assert "Traceback" not in command.notes()


def test_lite_is_shown_as_it_comes(desk: FrontDesk, tmp_path: Path) -> None:
    command = Command(tmp_path, desk.url, "--profile", "lite")
    command.wait_for_line("2000 1 ❤️ 1")

    assert command.stop(signal.SIGINT) == 0
    assert command.lines() == ["2000 1 ❤️ 1"]


def test_a_pipe_that_nobody_reads_ends_it(desk: FrontDesk) -> None:
    command = [sys.executable, "-m", "clients", "join", "--room", "final"]
    with subprocess.Popen(
        [*command, "--url", desk.url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        assert "total=1" in process.stdout.readline()
        process.stdout.close()

        assert process.wait(SOON_S) == 0
        assert "Traceback" not in process.stderr.read()


def test_join_says_the_servers_own_words(desk: FrontDesk, tmp_path: Path) -> None:
    desk.refusals.append((422, {"error": "bad_profile", "help": "No such one."}))
    command = Command(tmp_path, desk.url)

    assert command.process.wait(SOON_S) == 1
    assert "bad_profile: No such one." in command.notes()


def test_join_names_the_remedy_when_nobody_listens(tmp_path: Path) -> None:
    command = Command(tmp_path, f"http://{LOOPBACK}:{free_port()}")

    assert command.process.wait(SOON_S) == 1
    assert "make up" in command.notes()


@pytest.mark.parametrize(
    ("options", "named"),
    [(["--profile", "huge"], "--profile"), (["--url", "here"], "--url")],
)
def test_join_names_the_option_that_is_wrong(
    tmp_path: Path, options: list[str], named: str
) -> None:
    command = Command(tmp_path, "http://127.0.0.1:1", *options)

    assert command.process.wait(SOON_S) == 2
    assert named in command.notes()
