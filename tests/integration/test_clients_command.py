"""`emostream clients`, against real brokers and real workers."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from compose import eviction
from compose.__main__ import app
from compose.errors import Refused
from compose.layout import Layout
from compose.members import members
from compose.running import note
from mosquitto.acl import OPERATOR, WORKER
from mosquitto.placement import slot_of
from mosquitto.topic import client_assignment, client_join, member
from tests.integration.broker import Brokers, brokers
from tests.integration.front_desk import InProcessWorker, soon
from tests.integration.mqtt_peer import Login, Peer

NOT_RUNNING = "EmoStream is not running: `emostream up` starts it.\n"


class Site:
    """Two clusters with a worker each, and who has joined them."""

    def __init__(self, running: Brokers) -> None:
        self.running = running
        self.peers: list[Peer] = []

    def join(self, cluster: int, client_id: str, room: str, profile: str) -> Peer:
        peer = Peer(self.running.clusters[cluster].port, Login(client_id=client_id))
        self.peers.append(peer)
        peer.subscribe(client_assignment(client_id), qos=1)
        wanted = json.dumps({"room": room, "profile": profile}).encode()
        peer.publish(client_join(client_id), wanted)
        peer.turn_until(lambda: bool(peer.received), "an assignment")
        return peer

    def call(self, *arguments: str) -> Result:
        return called(self.running.settings.state_dir, *arguments)

    def spawn(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        state_dir = str(self.running.settings.state_dir)
        return subprocess.run(
            [sys.executable, "-m", "compose", "clients", *arguments],
            env=os.environ | {"EMOSTREAM_STATE_DIR": state_dir},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


def called(state_dir: Path, *arguments: str) -> Result:
    environment = {"EMOSTREAM_STATE_DIR": str(state_dir), "COLUMNS": "200"}
    return CliRunner().invoke(app, ["clients", *arguments], env=environment)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    layout = Layout(tmp_path_factory.mktemp("state"))
    layout.make()
    with brokers(layout.root, clusters=2) as running:
        # The command finds the ports as they were at the start, whatever its own are.
        note(layout, running.settings)
        names = [(f"cluster-{number}", "worker-1") for number in (1, 2)]
        workers = [InProcessWorker(running, *name) for name in names]
        try:
            yield running
        finally:
            for worker in workers:
                worker.stop()


@pytest.fixture
def site(running: Brokers) -> Iterator[Site]:
    site = Site(running)
    soon(lambda: members(running.settings).unanswered == (), "brokers")
    yield site
    for client in members(running.settings).clients:
        eviction.put_out(running.settings, client)
    for peer in site.peers:
        peer.cut()


def test_who_has_joined_is_listed_with_where_and_what(site: Site) -> None:
    site.join(0, "ann", "final", "lite")
    site.join(1, "bob", "main", "full")

    listed = site.call("list")

    rows = [line.split() for line in listed.stdout.splitlines()]
    assert listed.exit_code == 0
    assert rows == [
        ["client", "cluster", "slot", "room", "profile"],
        ["ann", "cluster-1", slot_of("ann"), "final", "lite"],
        ["bob", "cluster-2", slot_of("bob"), "main", "full"],
        ["2", "clients", "have", "joined."],
    ]


def test_a_room_is_listed_alone_and_an_empty_one_is_told(site: Site) -> None:
    site.join(0, "carl", "final", "lite")
    site.join(1, "dora", "main", "full")

    final, empty = site.call("list", "--room", "main"), site.call("list", "--room", "x")

    assert "dora" in final.stdout
    assert "carl" not in final.stdout
    assert "1 client has joined the room main." in final.stdout
    assert (empty.exit_code, empty.stdout) == (
        0,
        "No client has joined the room x.\n",
    )


def test_a_program_gets_the_document_of_the_http_interface(site: Site) -> None:
    site.join(0, "emil", "final", "lite")

    listed = site.call("list", "--json")

    emil = {
        "client_id": "emil",
        "cluster": "cluster-1",
        "slot": slot_of("emil"),
        "room": "final",
        "profile": "lite",
    }
    assert json.loads(listed.stdout) == {"clients": [emil], "unanswered": []}


def test_one_client_is_shown_with_where_its_frames_are(site: Site) -> None:
    site.join(1, "fred", "final", "full")

    shown = site.call("show", "fred")

    facts = dict(line.split() for line in shown.stdout.splitlines())
    assert shown.exit_code == 0
    assert facts == {
        "client": "fred",
        "cluster": "cluster-2",
        "broker": f"127.0.0.1:{site.running.clusters[1].port}",
        "slot": slot_of("fred"),
        "room": "final",
        "profile": "full",
        "topic": f"relay/{slot_of('fred')}/final/full",
    }


def test_who_is_evicted_is_told_and_is_no_member_any_more(site: Site) -> None:
    gone = site.join(0, "gert", "final", "full")
    site.join(0, "hans", "final", "full")

    evicted = site.call("evict", "gert")

    gone.turn_until(lambda: len(gone.received) > 1, "a word")
    assert (evicted.exit_code, evicted.stdout) == (
        0,
        "Put gert out of the room final, at cluster-1.\n",
    )
    assert json.loads(gone.received[-1].payload)["error"] == "evicted"
    listed = members(site.running.settings).clients
    assert [one.client_id for one in listed] == ["hans"]


def test_a_client_that_has_moved_is_put_out_everywhere(site: Site) -> None:
    site.join(0, "ida", "final", "full")
    site.join(1, "ida", "final", "full")

    evicted = site.call("evict", "ida")

    assert evicted.exit_code == 0
    assert evicted.stdout.count("Put ida out") == 2
    assert members(site.running.settings).clients == ()


@pytest.mark.parametrize("verb", ["show", "evict"])
def test_an_unknown_client_and_a_bad_id_are_told_in_a_sentence(
    site: Site, verb: str
) -> None:
    unknown, bad = site.call(verb, "nobody"), site.call(verb, "a/b")

    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert unknown.stderr == "No client 'nobody' has joined.\n"
    assert (bad.exit_code, bad.stdout) == (1, "")
    assert bad.stderr == "'a/b' is not a client id: [A-Za-z0-9_-]{1,64}.\n"


def test_a_bad_room_is_told_in_a_sentence(site: Site) -> None:
    listed = site.call("list", "--room", "A/B")

    assert (listed.exit_code, listed.stdout) == (1, "")
    assert listed.stderr.startswith("'A/B' is not a room: ")
    assert len(listed.stderr.splitlines()) == 1


def test_a_broker_that_is_away_is_named_and_the_others_are_listed(site: Site) -> None:
    site.join(0, "jo", "final", "full")
    away = site.running.clusters[1]
    away.kill()
    try:
        # As a process: nothing but the sentence is to be on stderr, no log line.
        listed, shown = site.spawn("list"), site.call("show", "nobody")
    finally:
        away.start()

    assert listed.returncode == 1
    assert "jo" in listed.stdout
    assert listed.stderr == (
        "cluster-2 does not answer: who joined there is missing.\n"
    )
    assert shown.stderr == (
        "cluster-2 does not answer: it may have joined there.\n"
        "No client 'nobody' has joined.\n"
    )


def test_brokers_that_are_all_away_are_told_in_a_sentence(site: Site) -> None:
    for away in site.running.clusters:
        away.kill()
    try:
        told = [site.call(*call) for call in (("list",), ("show", "x"), ("evict", "x"))]
    finally:
        for away in site.running.clusters:
            away.start()

    for one in told:
        assert (one.exit_code, one.stdout) == (1, "")
        assert one.stderr.startswith("No cluster answers: `emostream up`")
        assert len(one.stderr.splitlines()) == 1


def test_a_client_that_no_worker_serves_is_not_said_to_be_out(site: Site) -> None:
    """As if all workers of a cluster hung: somebody else's membership is kept."""
    strange = next(slot for slot in ("0", "1") if slot != slot_of("kim"))
    worker = Login(WORKER, site.running.credentials.passwords[WORKER])
    kept, raw = member(strange, "kim"), b'{"room":"final","profile":"full"}'
    with Peer(site.running.clusters[0].port, worker) as peer:
        peer.publish(kept, raw, retain=True)
        (kim,) = members(site.running.settings).clients

        with pytest.raises(Refused, match="No worker of cluster-1 has put kim out"):
            eviction.put_out(site.running.settings, kim, within_s=2)

        peer.publish(kept, b"", retain=True)


def test_what_was_never_started_is_not_running(tmp_path: Path) -> None:
    for call in (("list",), ("show", "x"), ("evict", "x")):
        told = called(tmp_path, *call)

        assert (told.exit_code, told.stdout, told.stderr) == (1, "", NOT_RUNNING)


def test_no_password_is_ever_said(site: Site) -> None:
    password = site.running.credentials.passwords[OPERATOR]
    site.join(0, "leo", "final", "full")

    for call in (("list",), ("list", "--json"), ("show", "leo"), ("evict", "leo")):
        assert password not in site.call(*call).output
