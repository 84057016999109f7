from functools import partial
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ingest import metrics, openapi
from ingest.account import Account
from ingest.app import create_app
from ingest.batch import Batch
from ingest.guard import Common
from ingest.health import Readiness
from ingest.limits import AddressLimits, Rate
from tests.hosting import APPENDED_MS, Stage, entry

CLOSED: dict[str, Any] = {"open": False, "emoji": None, "muted": []}
STATE = "/v1/rooms/final/state"
CHANGES = "/v1/rooms/final/changes"


class NoSink:
    """Nobody reacts here."""

    def append(self, batch: Batch) -> Any:  # noqa: ANN401 - it never returns
        raise AssertionError(batch)


def client_of(stage: Stage) -> FlaskClient:
    generous = Rate(per_s=1000, burst=1000)
    common = Common(
        Readiness(lambda: None),
        partial(metrics.exposition, None),
        openapi.document(),
        AddressLimits(generous, generous),
    )
    return create_app(NoSink(), common, Account(), stage.hosting).test_client()


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def client(stage: Stage) -> FlaskClient:
    return client_of(stage)


def put(
    client: FlaskClient, token: str, body: object = CLOSED, **headers: str
) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    given = {"Authorization": f"Bearer {token}", **named}
    return client.put(STATE, json=body, headers=given)


def refusal(answer: TestResponse) -> tuple[int, str]:
    assert answer.json is not None
    assert answer.json["help"].endswith(".")
    return answer.status_code, answer.json["error"]


def test_a_room_that_nobody_touched_takes_anything(client: FlaskClient) -> None:
    answer = client.get(STATE)

    assert answer.json == {
        "v": 1,
        "room": "final",
        "version": 0,
        "open": True,
        "emoji": None,
        "muted": [],
        "changed_ms": 0,
    }


def test_a_host_changes_its_room_and_everybody_may_see_it(
    client: FlaskClient, stage: Stage
) -> None:
    wish = {"open": False, "emoji": [":joy:", "❤"], "muted": ["❤️"]}
    answer = put(client, stage.token(by="Anna"), wish)

    assert answer.json == {
        "v": 1,
        "room": "final",
        "version": 1,
        "open": False,
        "emoji": ["😂", "❤️"],
        "muted": ["❤️"],
        "changed_ms": APPENDED_MS,
    }
    assert client.get(STATE).json == answer.json
    assert "Anna" not in client.get(STATE).text


def test_who_has_a_state_is_not_sent_it_again(
    client: FlaskClient, stage: Stage
) -> None:
    tag = client.get(STATE).headers["ETag"]
    same = client.get(STATE, headers={"If-None-Match": tag})
    stage.put("final", entry())
    other = client.get(STATE, headers={"If-None-Match": tag})

    assert (same.status_code, same.data) == (304, b"")
    assert other.status_code == 200


def test_a_host_who_saw_another_state_changes_nothing(
    client: FlaskClient, stage: Stage
) -> None:
    first = put(client, stage.token(), If_Match='"0"')
    second = put(client, stage.token(), If_Match='"0"')
    third = put(client, stage.token(), If_Match=first.headers["ETag"])

    assert refusal(second) == (412, "state_changed")
    assert third.status_code == 200


@pytest.mark.parametrize("given", ['W/"1"', '"01"', "x", '"0", "2"'])
def test_only_the_version_itself_is_the_one_that_was_seen(
    client: FlaskClient, stage: Stage, given: str
) -> None:
    stage.put("final", entry())

    assert refusal(put(client, stage.token(), If_Match=given))[0] == 412


def test_whoever_does_not_say_what_it_saw_changes_the_room(
    client: FlaskClient, stage: Stage
) -> None:
    stage.put("final", entry())

    assert put(client, stage.token()).status_code == 200
    assert put(client, stage.token(), If_Match="*").status_code == 200


def test_strangers_change_nothing(client: FlaskClient, stage: Stage) -> None:
    nobody = client.put(STATE, json=CLOSED)
    others = put(client, stage.token(room="semi"))
    over = put(client, stage.token(until_s=1))
    forged = put(client, stage.token() + "x")

    assert refusal(nobody) == (401, "no_token")
    assert nobody.headers["WWW-Authenticate"] == "Bearer"
    assert {refusal(one) for one in (others, over, forged)} == {(403, "not_host")}
    assert stage.states.state("final").version == 0


def test_a_stranger_does_not_learn_what_is_wrong_with_a_wish(
    client: FlaskClient,
) -> None:
    assert refusal(put(client, "x", {"open": 7}))[1] == "not_host"


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        (b"{", {}, (400, "bad_json")),
        (b'{"open": true}', {}, (422, "bad_state")),
        (b"{}", {"Content-Type": "text/plain"}, (415, "bad_media_type")),
        (b"{}", {"Content-Encoding": "gzip"}, (415, "bad_encoding")),
        (b" " * (128 * 1024 + 1), {}, (413, "body_too_large")),
    ],
)
def test_a_bad_wish_gets_its_label(
    client: FlaskClient,
    stage: Stage,
    body: bytes,
    headers: dict[str, str],
    expected: tuple[int, str],
) -> None:
    authorization = {"Authorization": f"Bearer {stage.token()}"}
    usual = {"Content-Type": "application/json"}
    answer = client.put(STATE, data=body, headers=authorization | usual | headers)

    assert refusal(answer) == expected


def test_hosts_see_who_changed_what_the_newest_first(
    client: FlaskClient, stage: Stage
) -> None:
    put(client, stage.token(by="Anna"))
    put(client, stage.token(by="Ben"), {"open": True, "emoji": None, "muted": ["🎉"]})
    answer = client.get(
        CHANGES, headers={"Authorization": f"Bearer {stage.token(by='Carl')}"}
    )

    assert answer.json == {
        "room": "final",
        "changes": [
            {
                "version": 2,
                "changed_ms": APPENDED_MS + 1,
                "by": "Ben",
                "open": True,
                "emoji": None,
                "muted": ["🎉"],
            },
            {"version": 1, "changed_ms": APPENDED_MS, "by": "Anna", **CLOSED},
        ],
    }
    assert answer.headers["Cache-Control"] == "no-store"


def test_nobody_else_sees_who_changed_what(client: FlaskClient, stage: Stage) -> None:
    given = {"Authorization": f"Bearer {stage.token(room='semi')}"}

    assert refusal(client.get(CHANGES)) == (401, "no_token")
    assert refusal(client.get(CHANGES, headers=given)) == (403, "not_host")


@pytest.mark.parametrize("path", ["state", "changes"])
def test_what_can_be_no_room_is_called_so(client: FlaskClient, path: str) -> None:
    assert refusal(client.get(f"/v1/rooms/Final/{path}")) == (404, "bad_room")
    assert refusal(client.put("/v1/rooms/Final/state")) == (404, "bad_room")


def test_until_all_is_read_nobody_is_told_what_a_room_takes() -> None:
    stage = Stage(is_read=False)
    client = client_of(stage)
    given = {"Authorization": f"Bearer {stage.token()}"}

    assert refusal(client.get(STATE)) == (503, "not_ready")
    assert refusal(client.get(CHANGES, headers=given)) == (503, "not_ready")
    assert refusal(put(client, stage.token(), If_Match='"9"')) == (503, "not_stored")


def test_a_host_is_told_when_to_come_again(stage: Stage, client: FlaskClient) -> None:
    stage.producer.reports = False
    answer = put(client, stage.token())

    assert refusal(answer) == (503, "unknown")
    assert answer.headers["Retry-After"] == "1"
