import json
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus

import pytest
from flask.testing import FlaskClient
from prometheus_client import REGISTRY

from clients.web import openapi
from clients.web.app import create_app
from clients.web.board import HeldFrame
from clients.web.refusal import NoFrame, Refusal, Stale
from ingest import metrics
from ingest.answer import OPERATIONS
from ingest.guard import Common
from ingest.health import Readiness
from ingest.limits import AddressLimits, Rate
from stream.frame import Frame
from tests.frames import frame

FINAL = frame("final", 1, 1, total=7)
PATH = "/v1/rooms/final/frame"


class Frames:
    """Knows the frames that it was given; every other room has none."""

    def __init__(self, *known: Frame, problem: Exception | None = None) -> None:
        self.known = {one.room: one for one in known}
        self.problem = problem

    def newest(self, room: str) -> HeldFrame:
        if self.problem:
            raise self.problem
        if room not in self.known:
            raise NoFrame
        frame = self.known[room]
        return HeldFrame(frame.position, frame.encode())


def client_of(frames: Frames, not_ready: str | None = None) -> FlaskClient:
    generous = Rate(per_s=1000, burst=1000)
    common = Common(
        Readiness(lambda: not_ready),
        partial(metrics.exposition, None),
        openapi.document(),
        AddressLimits(generous, generous),
    )
    return create_app(frames, common).test_client()


def sample(name: str, labels: Mapping[str, str]) -> float:
    return REGISTRY.get_sample_value(name, dict(labels)) or 0


@pytest.fixture
def frames() -> Frames:
    return Frames(FINAL)


@pytest.fixture
def client(frames: Frames) -> FlaskClient:
    return client_of(frames)


def test_a_frame_is_sent_byte_by_byte_and_must_be_asked_for_each_time(
    client: FlaskClient,
) -> None:
    answer = client.get(PATH)

    assert answer.status_code == 200
    assert answer.data == FINAL.encode()
    assert answer.content_type == "application/json"
    assert answer.headers["Cache-Control"] == "no-cache"


def test_who_has_the_newest_frame_is_told_so(client: FlaskClient) -> None:
    tag = client.get(PATH).headers["ETag"]
    again = client.get(PATH, headers={"If-None-Match": tag})

    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == tag
    assert FINAL.epoch in tag


def test_who_has_an_older_frame_gets_the_newest(
    frames: Frames, client: FlaskClient
) -> None:
    tag = client.get(PATH).headers["ETag"]
    frames.known["final"] = newer = frame("final", 2, 1)

    answer = client.get(PATH, headers={"If-None-Match": tag})

    assert (answer.status_code, answer.data) == (200, newer.encode())


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/v1/rooms/quiet/frame", "no_frame"),
        ("/v1/rooms/Final/frame", "bad_room"),
        ("/v1/rooms/+/frame", "bad_room"),
        ("/v1/rooms/%23/frame", "bad_room"),
        (f"/v1/rooms/{'a' * 64}/frame", "bad_room"),
        ("/v1/rooms//frame", "not_found"),
        ("/v1/rooms/final/frame/", "not_found"),
        ("/v1/rooms/final", "not_found"),
        ("/", "not_found"),
    ],
)
def test_what_is_not_there_gets_its_label_and_a_sentence(
    client: FlaskClient, path: str, label: str
) -> None:
    before = sample("web_refused_total", {"error": label})
    answer = client.get(path)

    assert answer.json
    assert (answer.status_code, answer.json["error"]) == (404, label)
    assert answer.json["help"].endswith(".")
    assert sample("web_refused_total", {"error": label}) == before + 1


def test_the_methods_that_would_do_are_named(client: FlaskClient) -> None:
    answer = client.post(PATH)

    assert answer.json
    assert answer.json["error"] == "method_not_allowed"
    assert "GET" in answer.headers["Allow"]


def test_what_is_stale_is_said_to_be_and_when_to_ask_again() -> None:
    answer = client_of(Frames(FINAL, problem=Stale("Main is away"))).get(PATH)

    assert answer.status_code == 503
    assert answer.json == {
        "error": "stale",
        "help": "Main is away: what is newest is not known.",
    }
    assert answer.headers["Retry-After"] == "1"


def test_a_fault_of_ours_is_told_as_json_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = client_of(Frames(problem=ZeroDivisionError("our fault"))).get(PATH)

    assert answer.status_code == 500
    assert answer.json
    assert answer.json["error"] == "internal"
    assert "our fault" in caplog.text


def test_it_lives_whatever_main_does_and_says_why_it_is_not_ready() -> None:
    client = client_of(Frames(), "The main broker does not answer")
    answer = client.get("/readyz")

    assert client.get("/livez").status_code == 200
    assert answer.status_code == 503
    assert answer.json == {
        "error": "not_ready",
        "help": "The main broker does not answer.",
    }


def test_answers_are_counted(client: FlaskClient) -> None:
    name = "web_frames_answered_total"
    sent, same = sample(name, {"how": "sent"}), sample(name, {"how": "unchanged"})
    tag = client.get(PATH).headers["ETag"]
    client.get(PATH, headers={"If-None-Match": tag})

    assert sample(name, {"how": "sent"}) == sent + 1
    assert sample(name, {"how": "unchanged"}) == same + 1
    assert b"web_frames_answered_total" in client.get("/metrics").data


def test_the_document_names_every_path(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json

    assert document
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {"/v1/rooms/{room}/frame", *OPERATIONS}


def test_the_document_lists_every_field_of_a_frame() -> None:
    described = openapi.document()["components"]["schemas"]["Frame"]

    assert set(described["required"]) == set(json.loads(FINAL.encode()))
    assert set(described["properties"]) == set(described["required"])


def test_every_refusal_has_a_status_and_a_sentence() -> None:
    for refusal in Refusal:
        assert refusal.status in {*HTTPStatus}
        assert refusal.help.endswith(".")
