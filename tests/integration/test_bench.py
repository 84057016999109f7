"""What the bench measures with, on real servers and for a moment."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from clients.place import Place
from clients.worker.wire import Assignment, JoinProblem
from compose.settings import Settings
from compose.setup.postgresql import find_postgresql
from mosquitto.acl import WORKER
from mosquitto.topic import client_assignment
from tests.integration.front_desk import FrontDesk, front_desk
from tests.integration.mqtt_peer import Login, Peer
from tests.integration.processes import LOOPBACK, free_port
from tests.load.attendance import Member
from tests.load.child import Child, ChildFailed
from tests.load.closed_loop import CLIENT, Loop, LoopFailed, drive, post, run
from tests.load.cpu import CpuMeter, listener_on
from tests.load.measured import Machine, Result
from tests.load.references import empty_app
from tests.load.references.bare_mosquitto import VIEWERS_COUNT, BareMosquitto
from tests.load.references.postgres import own_postgres
from tests.load.references.web_server import web_server
from tests.load.reporting.changes import last_committed
from tests.load.tickets import Invitation

MACHINE = Machine(2, "CPU", 1024, "6.1", {}, "abc", 0.0, is_busy=False)

POST = post("/v1/rooms/r/reactions", b"{}")


def result(taken_at: str) -> Result:
    return Result(taken_at=taken_at, machine=MACHINE, cases=())


@contextmanager
def answering(*pieces: bytes) -> Iterator[int]:
    """Serve one connection: these pieces for each request, or a closed connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection = listener.accept()[0]
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection:
                while pieces and connection.recv(65536):
                    for piece in pieces:
                        connection.sendall(piece)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


def loop(port: int, seconds: float = 2.0) -> Loop:
    return Loop(port=port, requests=[POST], connections=1, seconds=seconds)


def test_the_empty_route_is_served_and_measured_as_ours_is(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "web.log"
    settings = Settings(http_port=port, state_dir=tmp_path / "state")
    command = [sys.executable, "-m", "tests.load.references.empty_app"]
    with web_server(command, port, log, settings.as_environment()) as pid:
        assert listener_on(port) == pid
        done = drive(
            Loop(
                port=port,
                requests=[POST],
                connections=4,
                seconds=0.5,
                warmup_s=0.1,
                servers={"web": pid},
            )
        ).only(empty_app.STATUS)

    assert done.per_s > 0
    assert done.all_answers["202"] > done.answers["202"]
    assert 0 < done.p50_ms <= done.p99_ms
    assert done.server_cores == done.cores["web"] > 0
    assert set(done.cores) == {"web", CLIENT}


def test_an_answer_in_pieces_is_one_answer() -> None:
    pieces = (b"HTTP/1.1 202 ACC", b"EPTED\r\ncontent-length: 4\r\n", b"\r\n{}", b"{}")
    with answering(*pieces) as port:
        assert set(run(loop(port)).only(202).all_answers) == {"202"}


def test_answers_of_another_status_are_no_measurement() -> None:
    refusal = b"HTTP/1.1 429 NO\r\nContent-Length: 0\r\n\r\n"
    with answering(refusal) as port, pytest.raises(LoopFailed, match="429"):
        run(loop(port)).only(202)


def test_a_server_that_closes_the_connection_is_no_measurement() -> None:
    with answering() as port, pytest.raises(ChildFailed, match="closed_loop"):
        drive(loop(port))


def test_the_cpu_of_a_child_that_ended_is_its_parents() -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    with CpuMeter({"us": os.getpid()}) as meter:
        subprocess.run([sys.executable, "-c", burn], check=True)

    assert meter.cores["us"] * meter.seconds > 0.25


def test_a_frame_reaches_every_viewer_of_a_bare_mosquitto(tmp_path: Path) -> None:
    with BareMosquitto(tmp_path) as reference:
        done = reference.measure(2.0)

    assert done.rate_per_s >= VIEWERS_COUNT / 2
    assert done.details["viewers"] == VIEWERS_COUNT
    assert done.per_core_s > 0


AUDIENCE = "tests.load.audience"
MEMBERS, CLUSTERS = 7, 2
WITHIN_S = 60


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[FrontDesk]:
    with front_desk(tmp_path, clusters=CLUSTERS) as running:
        yield running


def invitation(desk: FrontDesk) -> Invitation:
    port = int(desk.url.rpartition(":")[2])
    return Invitation(
        host=LOOPBACK, port=port, canary="canary", room="final", members=MEMBERS
    )


def show(desk: FrontDesk, *seqs: int) -> None:
    """Play frames, and return when the relays' other subscribers have them, too."""
    topics = {one.topic for one in desk.places if "/final/" in one.topic}
    with Peer(desk.clusters[0].port) as observer:
        observer.subscribe(*topics)
        for seq in seqs:
            desk.play(seq)
        observer.turn_until(
            lambda: len(observer.received) == len(topics) * len(seqs), "frame"
        )


def test_every_member_of_the_audience_gets_every_frame_with_its_times(
    desk: FrontDesk,
) -> None:
    with Child(AUDIENCE) as audience:
        seated = audience.ask(invitation(desk), int, within_s=WITHIN_S)
        began_s = time.time()
        show(desk, 1, 2, 3)
        members = audience.ask("leave", tuple[Member, ...], within_s=WITHIN_S)
    room = [member for member in members if member.room == "final"]
    ports = [broker.port for broker in desk.clusters]

    assert seated == len(members) == MEMBERS + CLUSTERS
    assert [[one.total for one in member.got] for member in room] == [[1, 2, 3]] * 7
    assert {member.cluster for member in members if member not in room} == {
        f"{LOOPBACK}:{port}" for port in ports
    }
    for one in (one for member in room for one in member.got):
        assert one.made_s == 1.3
        assert one.worker_s
        assert began_s - 0.001 <= one.worker_s <= one.arrived_s <= time.time()


def test_a_member_joins_again_until_there_is_a_worker(desk: FrontDesk) -> None:
    desk.stop_workers()
    late = threading.Timer(2.5, desk.start_workers)
    late.start()
    with Child(AUDIENCE) as audience:
        seated = audience.ask(invitation(desk), int, within_s=WITHIN_S)
    late.join()

    assert seated == MEMBERS + CLUSTERS


def test_a_client_that_gets_no_place_is_no_audience(desk: FrontDesk) -> None:
    desk.refusals.append((503, {"error": "full"}))
    desk.refusals.append((403, {"error": "bad_room"}))
    with Child(AUDIENCE) as audience, pytest.raises(ChildFailed, match="bad_room"):
        audience.ask(invitation(desk), int, within_s=WITHIN_S)


def test_a_broker_that_goes_takes_the_audience_with_it(desk: FrontDesk) -> None:
    with Child(AUDIENCE) as audience:
        audience.ask(invitation(desk), int, within_s=WITHIN_S)
        port = desk.clusters[1].port
        desk.clusters[1].kill()
        with pytest.raises(ChildFailed, match=f"at {LOOPBACK}:{port}"):
            audience.ask("leave", tuple[Member, ...], within_s=WITHIN_S)


@pytest.mark.parametrize(
    ("problem", "why"),
    [(JoinProblem.EVICTED, "operator has put"), (JoinProblem.FULL, "cluster is full")],
)
def test_a_member_that_is_put_out_takes_the_audience_with_it(
    desk: FrontDesk, problem: JoinProblem, why: str
) -> None:
    with Child(AUDIENCE) as audience:
        audience.ask(invitation(desk), int, within_s=WITHIN_S)
        one = desk.places[-1]
        told = Assignment.refusing(problem).encode()
        say_as_worker(desk, one, client_assignment(one.client_id), told)
        with pytest.raises(ChildFailed, match=f"{one.client_id} at .*{why}"):
            audience.ask("leave", tuple[Member, ...], within_s=WITHIN_S)


def test_what_is_no_frame_is_no_audience(desk: FrontDesk) -> None:
    with Child(AUDIENCE) as audience:
        audience.ask(invitation(desk), int, within_s=WITHIN_S)
        one = desk.places[-1]
        say_as_worker(desk, one, one.topic, b"{}")
        with pytest.raises(ChildFailed, match="no frames: 1"):
            audience.ask("leave", tuple[Member, ...], within_s=WITHIN_S)


def say_as_worker(desk: FrontDesk, to: Place, topic: str, payload: bytes) -> None:
    login = Login(WORKER, desk.credentials.passwords[WORKER])
    with Peer(to.brokers[0].port, login) as worker:
        worker.publish(topic, payload)


def commit(file: Path, raw: bytes) -> None:
    file.write_bytes(raw)
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "m"]):
        subprocess.run(["git", *words], cwd=file.parent, check=True)  # noqa: S607 - on PATH


def test_a_result_is_compared_with_the_same_one_before_and_after_its_commit(
    tmp_path: Path,
) -> None:
    file = tmp_path / "result.json"
    first, second = result("first").to_json(), result("second").to_json()
    assert last_committed(file, first) is None

    commit(file, first)
    assert last_committed(file, first) is None
    assert last_committed(file, second) == result("first")

    commit(file, second)
    assert last_committed(file, second) == result("first")


def test_a_committed_result_of_another_form_is_not_compared_with(
    tmp_path: Path,
) -> None:
    commit(tmp_path / "result.json", b'{"format": 0}')

    assert last_committed(tmp_path / "result.json", b"") is None


def test_a_postgresql_of_the_bench_has_no_port_and_leaves_nothing() -> None:
    if find_postgresql() is None:
        pytest.skip("needs PostgreSQL, which only the bench installs")
    with own_postgres() as server:
        folder = Path(server.url.partition("host=")[2].partition("&")[0])
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        sockets = psutil.Process(server.pid).net_connections("tcp")

    assert not sockets
    assert not folder.exists()
    assert not psutil.pid_exists(server.pid)
