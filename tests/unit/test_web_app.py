import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus

import pytest
from flask.testing import FlaskClient
from prometheus_client import REGISTRY

from clients.place import Place
from clients.web import openapi
from clients.web.app import Sources, create_app
from clients.web.audience import Audience
from clients.web.board import HeldFrame
from clients.web.listing import Listed, Listing
from clients.web.operator_key import OperatorKey
from clients.web.pages import Pages
from clients.web.refusal import Full, NoCluster, NoFrame, Refusal, Stale
from clients.web.registration import BODY_MAX_BYTES
from clients.worker.profiles import PROFILES
from clients.worker.wire import BrokerAddress, Join
from ingest import metrics
from ingest.answer import OPERATIONS
from ingest.guard import Common
from ingest.health import Readiness
from ingest.limits import AddressLimits, Rate
from stream.frame import Frame
from tests.frames import frame
from tests.ledgers import Ledgers

FINAL = frame("final", 1, 1, total=7)
PATH = "/v1/rooms/final/frame"
CLIENTS = "/v1/clients"
KEY = "the-operators-key"
OPERATOR = {"Authorization": f"Bearer {KEY}"}


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


@dataclass
class Places:
    """Gives everybody the same place."""

    problem: Exception | None = None
    wanted: list[Join] = field(default_factory=list)

    def give(self, wanted: Join) -> Place:
        self.wanted.append(wanted)
        if self.problem:
            raise self.problem
        return Place(
            client_id="c1",
            brokers=(BrokerAddress("a", 1, 2), BrokerAddress("b", 3, 4, "ws.b")),
            slot="7",
            topic=f"relay/7/{wanted.room}/{wanted.profile}",
            spread_s=1.5,
        )


def audience(room: str) -> Audience:
    """Return the audience of the room `final`; of any other nothing is known."""
    if room != "final":
        raise Stale("No cluster is heard")
    return Audience(room, 1234, 24.68)


class Members:
    """A member of the room `final`, and a cluster that does not answer."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []

    def __call__(self, room: str | None) -> Listing:
        self.asked.append(room)
        one = Listed(
            client_id="c1", cluster="cluster-1", slot="7", room="final", profile="lite"
        )
        return Listing((one,), ("cluster-2",))


def client_of(  # noqa: PLR0913 - what an app answers from
    frames: Frames,
    not_ready: str | None = None,
    *,
    places: Places | None = None,
    members: Members | None = None,
    key: str = KEY,
    pages: Pages | None = None,
    origins: Sequence[str] = (),
    public_address: str = "",
) -> FlaskClient:
    sources = Sources(
        frames,
        places or Places(),
        members or Members(),
        OperatorKey(key),
        Ledgers(),
        audience,
        pages or Pages({}),
    )
    generous = Rate(per_s=1000, burst=1000)
    common = Common(
        Readiness(lambda: not_ready),
        partial(metrics.exposition, None),
        openapi.document(),
        AddressLimits(generous, generous),
        origins=origins,
        public_address=public_address,
    )
    return create_app(sources, common).test_client()


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
        ("/v1/rooms/Final/audience", "bad_room"),
        ("/rooms/", "not_found"),
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
    assert set(document["paths"]) == {
        "/v1/rooms/{room}/frame",
        "/v1/rooms/{room}/audience",
        "/v1/rooms/{room}/ledger",
        "/v1/ledger",
        CLIENTS,
        *OPERATIONS,
    }


def test_the_document_lists_every_field_of_a_frame() -> None:
    described = openapi.document()["components"]["schemas"]["Frame"]

    assert set(described["required"]) == set(json.loads(FINAL.encode()))
    assert set(described["properties"]) == set(described["required"])


def test_every_refusal_has_a_status_and_a_sentence() -> None:
    for refusal in Refusal:
        assert refusal.status in {*HTTPStatus}
        assert refusal.help.endswith(".")


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"{}", Join("main", "full")),
        (b'{"room": "final"}', Join("final", "full")),
        (b'{"room": "final", "profile": "lite", "more": [1]}', Join("final", "lite")),
    ],
)
def test_who_registers_gets_a_place_in_what_it_named(body: bytes, wanted: Join) -> None:
    places = Places()
    answer = client_of(Frames(), places=places).post(
        CLIENTS, data=body, content_type="application/json; charset=utf-8"
    )

    assert answer.status_code == 201
    assert answer.json == {
        "client_id": "c1",
        "brokers": [
            {"host": "a", "port": 1, "ws_port": 2, "ws_host": "a"},
            {"host": "b", "port": 3, "ws_port": 4, "ws_host": "ws.b"},
        ],
        "slot": "7",
        "topic": f"relay/7/{wanted.room}/{wanted.profile}",
        "spread_s": 1.5,
    }
    assert places.wanted == [wanted]


LARGEST = b'{"room": "final"}'.ljust(BODY_MAX_BYTES)


@pytest.mark.parametrize(
    ("body", "status", "label"),
    [
        (b" ", 400, "bad_json"),
        (b"{", 400, "bad_json"),
        (b"\xff", 400, "bad_json"),
        (b'{"room": "\xff"}', 400, "bad_json"),
        (b"[" * BODY_MAX_BYTES, 400, "bad_json"),
        (b"[]", 400, "bad_json"),
        (b'{"room": 1}', 400, "bad_json"),
        (b'{"profile": null}', 400, "bad_json"),
        (b'{"room": "Final"}', 404, "bad_room"),
        (b'{"room": "a/b"}', 404, "bad_room"),
        (b'{"room": "+"}', 404, "bad_room"),
        (b'{"profile": "tiny"}', 422, "bad_profile"),
        (LARGEST + b" ", 413, "body_too_large"),
    ],
)
def test_what_no_place_can_be_given_for_is_refused_by_its_label(
    body: bytes, status: int, label: str
) -> None:
    places, before = Places(), sample("web_refused_total", {"error": label})
    answer = client_of(Frames(), places=places).post(
        CLIENTS, data=body, content_type="application/json"
    )

    assert answer.json
    assert (answer.status_code, answer.json["error"]) == (status, label)
    assert answer.json["help"].endswith(".")
    assert sample("web_refused_total", {"error": label}) == before + 1
    assert places.wanted == []


def test_the_largest_body_is_read(client: FlaskClient) -> None:
    answer = client.post(CLIENTS, data=LARGEST, content_type="application/json")

    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("headers", "status", "label"),
    [
        ({"Content-Type": "text/plain"}, 415, "bad_media_type"),
        ({}, 415, "bad_media_type"),
        (
            {"Content-Type": "application/json", "Content-Encoding": "gzip"},
            415,
            "bad_encoding",
        ),
    ],
)
def test_a_body_that_is_not_read_is_refused_with_what_would_be(
    client: FlaskClient, headers: Mapping[str, str], status: int, label: str
) -> None:
    answer = client.post(CLIENTS, data=b"{}", headers=dict(headers))

    assert answer.json
    assert (answer.status_code, answer.json["error"]) == (status, label)
    assert "text/plain" not in answer.json["help"]


def test_an_empty_body_is_no_json(client: FlaskClient) -> None:
    answer = client.post(
        CLIENTS,
        content_type="application/json",
        environ_overrides={"CONTENT_LENGTH": "0"},
    )

    assert answer.json
    assert (answer.status_code, answer.json["error"]) == (400, "bad_json")


def test_a_body_of_unknown_length_is_not_read(client: FlaskClient) -> None:
    answer = client.open(
        CLIENTS,
        method="POST",
        content_type="application/json",
        headers={"Transfer-Encoding": "chunked"},
    )

    assert answer.json
    assert (answer.status_code, answer.json["error"]) == (411, "length_required")


@pytest.mark.parametrize(
    ("problem", "label"), [(NoCluster("None"), "no_cluster"), (Full(), "full")]
)
def test_without_a_place_it_is_said_when_to_ask_again(
    problem: Exception, label: str
) -> None:
    answer = client_of(Frames(), places=Places(problem)).post(CLIENTS, json={})

    assert answer.json
    assert (answer.status_code, answer.json["error"]) == (503, label)
    assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.parametrize(
    ("query", "room"), [("", None), ("?room=final", "final"), ("?other=1", None)]
)
def test_the_operator_is_told_the_members_and_who_could_not_be_asked(
    query: str, room: str | None
) -> None:
    members = Members()
    answer = client_of(Frames(), members=members).get(CLIENTS + query, headers=OPERATOR)

    assert answer.status_code == 200
    assert answer.json == {
        "clients": [
            {
                "client_id": "c1",
                "cluster": "cluster-1",
                "slot": "7",
                "room": "final",
                "profile": "lite",
            }
        ],
        "unanswered": ["cluster-2"],
    }
    assert members.asked == [room]


@pytest.mark.parametrize("room", ["", "Final", "+"])
def test_the_operator_may_ask_for_rooms_only(room: str) -> None:
    answer = client_of(Frames()).get(
        CLIENTS, query_string={"room": room}, headers=OPERATOR
    )

    assert answer.json
    assert (answer.status_code, answer.json["error"]) == (404, "bad_room")


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Bearer {KEY}x",
        f"Bearer {KEY[:-1]}",
        f"Basic {KEY}",
        f"Token {KEY}",
        KEY,
        "Bearer \xe9",
    ],
)
@pytest.mark.parametrize("key", [KEY, ""])
def test_nobody_else_is_told_anything(authorization: str | None, key: str) -> None:
    members = Members()
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = client_of(Frames(), members=members, key=key).get(
        f"{CLIENTS}?room=Final", headers=headers
    )

    assert answer.json
    assert (answer.status_code, answer.json["error"]) == (401, "not_allowed")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert members.asked == []


def test_the_document_lists_what_can_be_wanted() -> None:
    schemas: Mapping[str, Mapping[str, Sequence[str]]]
    schemas = openapi.document()["components"]["schemas"]

    assert {*schemas["Profile"]["enum"]} == {*PROFILES}
    assert {*schemas["Wanted"]["properties"]} == {*Join.__struct_fields__}
    assert {*schemas["Place"]["properties"]} == {*Place.__struct_fields__}
    assert {*schemas["Place"]["required"]} == {*Place.__struct_fields__}


def test_an_audience_is_told_with_when_to_ask_again(client: FlaskClient) -> None:
    answer = client.get("/v1/rooms/final/audience")

    assert answer.json == {"room": "final", "members": 1234, "again_s": 24.68}
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_audience_that_cannot_be_known_is_stale(client: FlaskClient) -> None:
    answer = client.get("/v1/rooms/other/audience")

    assert answer.status_code == 503
    assert (answer.json or {})["error"] == "stale"
    assert answer.headers["Retry-After"] == "1"


def test_what_operators_look_at_is_shown_to_no_network() -> None:
    client = client_of(Frames(FINAL), public_address="192.0.2.7")
    on_network = {"SERVER_NAME": "192.0.2.7"}

    hidden = client.get("/metrics", environ_overrides=on_network)
    assert (hidden.status_code, (hidden.json or {})["error"]) == (404, "not_found")
    assert client.get("/metrics").status_code == 200
    for path in ("/livez", PATH):
        assert client.get(path, environ_overrides=on_network).status_code == 200
