"""Frames read over HTTP: a real gunicorn with both apps, and a real main broker."""

import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import httpx
import pytest

from compose.brokers import MAIN, config_path
from mosquitto.acl import BRIDGE
from mosquitto.topic import CONTROL_PULSE, room_frame
from stream.frame import Frame, Pulse
from tests.frames import frame
from tests.integration.broker import BrokerProcess, install
from tests.integration.mqtt_peer import Login, Peer
from tests.integration.processes import LOOPBACK, end, free_port, spawn, wait_until

PULSE = Pulse(v=1, epoch="e", sent_ms=0).encode()
SOON_S = 30


class Site:
    """A main broker and `python -m compose.web.server`, without a Kafka."""

    def __init__(self, folder: Path) -> None:
        installed, self._credentials = install(folder, clusters=1)
        self._settings = installed.model_copy(
            update={
                "http_port": free_port(),
                "kafka_servers": f"{LOOPBACK}:{free_port()}",
            }
        )
        port = self._settings.main_port
        self.main = BrokerProcess(config_path(self._settings, MAIN), port)
        self._log = folder / "web.log"
        url = f"http://{LOOPBACK}:{self._settings.http_port}"
        self._http = httpx.Client(base_url=url, trust_env=False, timeout=10)

    def __enter__(self) -> Self:
        self.main.start()
        self._web = spawn(
            [sys.executable, "-m", "compose.web.server"],
            self._log,
            {**os.environ, **self._settings.as_environment()},
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
        end(self._web, within_s=SOON_S)
        self.main.kill()

    def bridge(self, *frames: Frame, retain: bool = True) -> None:
        """Do as the bridge does: every frame, and then a sign of life."""
        login = Login(BRIDGE, self._credentials.passwords[BRIDGE])
        with Peer(self._settings.main_port, login) as peer:
            for one in frames:
                peer.publish(room_frame(one.room), one.encode(), retain=retain)
            peer.publish(CONTROL_PULSE, PULSE)

    def get(self, path: str, **headers: str) -> httpx.Response:
        assert self._web.poll() is None, self.log()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._http.get(path, headers=named)

    def read(self, room: str, **headers: str) -> httpx.Response:
        return self.get(f"/v1/rooms/{room}/frame", **headers)

    def read_alive(self, room: str, **headers: str) -> httpx.Response:
        """Ask for a room; if the stream seems dead or slow, give a sign and ask again.

        Where all is well the first answer is returned.
        """
        answers: list[httpx.Response] = []

        def is_sure() -> bool:
            answers.append(self.read(room, **headers))
            if answers[-1].status_code != 503:
                return True
            self.bridge()
            return False

        wait_until(is_sure, within_s=SOON_S, what=f"{room}\n{self.log()}")
        return answers[-1]

    def wait_for(self, status: int, room: str) -> httpx.Response:
        """Ask for a room until the answer is this one, and return it."""
        answers: list[httpx.Response] = []

        def answered() -> bool:
            try:
                answers.append(self.read(room))
            except httpx.TransportError:
                return False
            return answers[-1].status_code == status

        wait_until(answered, within_s=SOON_S, what=f"{status}\n{self.log()}")
        return answers[-1]

    def wait_for_frame(self, newest: Frame) -> None:
        """Publish a frame and give signs of life until it is read."""

        def is_read() -> bool:
            self.bridge(newest)
            try:
                return self.read(newest.room).content == newest.encode()
            except httpx.TransportError:
                return False

        wait_until(is_read, within_s=SOON_S, what=f"{newest}\n{self.log()}")

    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def final(site: Site) -> Frame:
    """A frame of a room of its own, which is read."""
    newest = frame(f"final-{uuid.uuid4().hex[:8]}", 1, 1)
    site.wait_for_frame(newest)
    return newest


def test_what_main_retains_is_read_byte_by_byte(site: Site, final: Frame) -> None:
    answer = site.read_alive(final.room)

    assert (answer.status_code, answer.content) == (200, final.encode())
    assert len(answer.headers.get_list("Date")) == 1


def test_a_newer_frame_replaces_it_and_an_older_one_does_not(
    site: Site, final: Frame
) -> None:
    newer, mark = frame(final.room, 2, 2), frame(f"{final.room}-mark", 1, 1)
    tag = site.read_alive(final.room).headers["ETag"]
    site.bridge(newer)
    # Retained, it would be all that is there for who asks only now.
    site.bridge(final, retain=False)
    site.wait_for_frame(mark)

    newest = site.read_alive(final.room, If_None_Match=tag)
    assert (newest.status_code, newest.content) == (200, newer.encode())
    again = site.read_alive(final.room, If_None_Match=newest.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")


def test_rooms_that_nobody_asked_for_yet_are_told_from_those_without_a_frame(
    site: Site, final: Frame
) -> None:
    del final  # the stream lives
    rooms = [frame(f"room-{n}", 1, 1) for n in range(30)]
    site.bridge(*rooms)

    for one in rooms:
        site.bridge()
        assert site.read_alive(one.room).content == one.encode()
        assert site.read_alive(f"no-{one.room}").json()["error"] == "no_frame"


def test_without_main_what_was_newest_is_stale_until_main_is_back(
    site: Site, final: Frame
) -> None:
    before = site.log().count("reached main")
    site.main.kill()
    stale = site.wait_for(503, final.room)
    assert stale.json()["error"] == "stale"
    assert stale.headers["Retry-After"] == "1"
    assert site.get("/livez").status_code == 200

    site.main.start()
    site.wait_for_frame(frame(final.room, 2, 2))
    assert site.log().count("reached main") == before + 1


def test_a_room_that_was_taken_away_while_main_was_lost_has_no_frame(
    site: Site, final: Frame
) -> None:
    site.main.kill()
    site.wait_for(503, final.room)
    site.main.start()
    site.wait_for_frame(frame(f"{final.room}-mark", 1, 1))

    assert site.read_alive(final.room).json()["error"] == "no_frame"


def test_one_document_describes_both_apps(site: Site) -> None:
    paths = site.get("/openapi.json").json()["paths"]

    assert {"/v1/reactions", "/v1/rooms/{room}/frame", "/readyz"} <= set(paths)


def test_the_metrics_are_those_of_both_apps(site: Site, final: Frame) -> None:
    del final  # it was read
    shown = site.get("/metrics").text

    assert 'web_frames_answered_total{how="sent"}' in shown
    assert "web_main_up 1.0" in shown
    assert "ingest_kafka_away" in shown


def test_what_neither_app_has_is_refused_in_the_same_form(site: Site) -> None:
    answer = site.get("/v1/elsewhere")

    assert answer.status_code == 404
    assert answer.json()["error"] == "not_found"
