"""What the page of another site may do, as its browser asks and is answered."""

import json
from functools import partial

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from compose.origins import checked, split
from ingest import metrics, openapi
from ingest.account import Account
from ingest.app import create_app
from ingest.guard import Common
from ingest.health import Readiness
from ingest.limits import AddressLimits, Rate
from tests.hosting import Stage
from tests.unit import test_web_app as web
from tests.unit.test_ingest_app import ONE, Sink

FRIEND, STRANGER = "https://friend.example", "https://stranger.example"
PORTED = "http://localhost:5173"
FRIENDS = (FRIEND, PORTED)
REACTIONS = "/v1/rooms/final/reactions"
ALLOWED = "Access-Control-Allow-Origin"


def ingest_of(*origins: str) -> FlaskClient:
    generous = Rate(per_s=1000, burst=1000)
    common = Common(
        Readiness(lambda: None),
        partial(metrics.exposition, None),
        openapi.document(),
        AddressLimits(generous, generous),
        origins=origins,
    )
    return create_app(Sink(), common, Account(), Stage().hosting).test_client()


def web_of(*origins: str) -> FlaskClient:
    return web.client_of(web.Frames(web.FINAL), origins=origins)


def react(client: FlaskClient, origin: str) -> TestResponse:
    headers = {"Origin": origin, "Content-Type": "application/json"}
    return client.post(REACTIONS, data=ONE, headers=headers)


def preflight(
    client: FlaskClient, path: str, method: str, headers: str = "", *, origin: str
) -> TestResponse:
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    if headers:
        asked["Access-Control-Request-Headers"] = headers
    return client.options(path, headers=asked)


def is_let(answer: TestResponse, method: str, header: str = "") -> bool:
    """Tell whether a browser would go on after this answer to its preflight."""
    methods = answer.headers.get("Access-Control-Allow-Methods", "").split(", ")
    headers = answer.headers.get("Access-Control-Allow-Headers", "").lower().split(", ")
    return (
        answer.status_code == 204
        and ALLOWED in answer.headers
        and method in methods
        and (not header or header in headers)
    )


@pytest.mark.parametrize("origin", FRIENDS)
def test_a_friends_page_reads_the_answer_to_its_reactions(origin: str) -> None:
    answer = react(ingest_of(*FRIENDS), origin)

    assert answer.status_code == 202
    assert answer.headers[ALLOWED] == origin
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]


def test_a_refusal_is_read_by_a_friends_page_too() -> None:
    answer = ingest_of(FRIEND).post(REACTIONS, data="{", headers={"Origin": FRIEND})

    assert answer.status_code == 415
    assert answer.headers[ALLOWED] == FRIEND


@pytest.mark.parametrize(
    "origin", [STRANGER, "null", "http://friend.example", f"{FRIEND}.evil.example"]
)
def test_a_strangers_page_reads_nothing(origin: str) -> None:
    client = ingest_of(*FRIENDS)

    assert ALLOWED not in react(client, origin).headers
    asked = preflight(client, REACTIONS, "POST", "content-type", origin=origin)
    assert ALLOWED not in asked.headers


@pytest.mark.parametrize("origins", [(FRIEND,), FRIENDS, ("*",)])
@pytest.mark.parametrize("origin", [FRIEND, STRANGER])
def test_caches_keep_the_answers_to_different_sites_apart(
    origins: tuple[str, ...], origin: str
) -> None:
    answer = react(ingest_of(*origins), origin)

    assert answer.headers.getlist("Vary") == ["Origin"]


def test_who_is_no_page_is_told_of_no_site() -> None:
    answer = ingest_of(*FRIENDS).get("/livez")

    assert ALLOWED not in answer.headers
    assert answer.headers["Vary"] == "Origin"


def test_no_page_sends_a_key_along() -> None:
    for path in ("/v1/clients", "/v1/rooms/final/frame"):
        method = "POST" if path == "/v1/clients" else "GET"
        asked = preflight(web_of("*"), path, method, "authorization", origin=FRIEND)

        assert is_let(asked, method)
        assert not is_let(asked, method, "authorization")


def test_any_site_is_let_in_by_a_star() -> None:
    client = ingest_of("*")

    assert react(client, STRANGER).headers[ALLOWED] == "*"
    asked = preflight(client, REACTIONS, "POST", "content-type", origin=STRANGER)
    assert is_let(asked, "POST", "content-type")


@pytest.mark.parametrize("header", ["content-type", "idempotency-key"])
@pytest.mark.parametrize("path", [REACTIONS, "/v1/reactions"])
def test_a_friends_browser_may_send_reactions_under_a_key(
    path: str, header: str
) -> None:
    asked = preflight(ingest_of(FRIEND), path, "POST", header, origin=FRIEND)

    assert is_let(asked, "POST", header)
    assert asked.headers["Access-Control-Max-Age"] == "600"
    assert asked.data == b""


def test_a_friends_page_registers_and_reads() -> None:
    client = web_of(FRIEND)

    asked = preflight(client, "/v1/clients", "POST", "content-type", origin=FRIEND)
    assert is_let(asked, "POST", "content-type")
    for path in (web.PATH, "/v1/rooms/final/audience", "/livez"):
        answer = client.get(path, headers={"Origin": FRIEND})
        assert (answer.status_code, answer.headers[ALLOWED]) == (200, FRIEND)
    asked = preflight(client, web.PATH, "GET", "if-none-match", origin=FRIEND)
    assert is_let(asked, "GET", "if-none-match")


@pytest.mark.parametrize("path", ["/v1/clients", "/v1/ledger", "/metrics", "/"])
def test_no_other_site_lists_clients_or_reads_more(path: str) -> None:
    client = web_of("*")

    answer = client.get(path, headers={"Origin": FRIEND, **web.OPERATOR})
    asked = preflight(client, path, "GET", "authorization", origin=FRIEND)

    assert not is_let(asked, "GET", "authorization")
    if path != "/v1/clients":  # its preflight is what keeps that one closed
        assert ALLOWED not in answer.headers
        assert asked.status_code == 405


def test_no_other_site_changes_a_room() -> None:
    path = "/v1/rooms/final/state"

    asked = preflight(ingest_of("*"), path, "PUT", "authorization", origin=FRIEND)

    assert not is_let(asked, "PUT", "authorization")


@pytest.mark.parametrize("client", [ingest_of(), web_of()], ids=["ingest", "web"])
def test_where_no_site_is_named_nothing_is_said(client: FlaskClient) -> None:
    path = "/v1/clients" if "/v1/clients" in _paths(client) else REACTIONS

    asked = preflight(client, path, "POST", "content-type", origin=FRIEND)
    live = client.get("/livez", headers={"Origin": FRIEND})

    assert (asked.status_code, json.loads(asked.data)["error"]) == (
        405,
        "method_not_allowed",
    )
    for answer in (asked, live):
        assert not [name for name, _ in answer.headers if "Access" in name]
        assert "Vary" not in answer.headers


def test_an_options_that_is_no_preflight_is_refused_in_any_case() -> None:
    answer = ingest_of(FRIEND).options(REACTIONS, headers={"Origin": FRIEND})

    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def _paths(client: FlaskClient) -> set[str]:
    return {rule.rule for rule in client.application.url_map.iter_rules()}


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("", ()),
        ("*", ("*",)),
        ("https://a.example", ("https://a.example",)),
        (
            "https://a.example, http://b.example:8000  http://127.0.0.1:3000",
            ("https://a.example", "http://b.example:8000", "http://127.0.0.1:3000"),
        ),
    ],
)
def test_origins_are_told_apart_by_spaces_and_commas(
    text: str, origins: tuple[str, ...]
) -> None:
    assert split(checked(text)) == origins


@pytest.mark.parametrize(
    "origin",
    [
        "a.example",
        "https://a.example/",
        "https://a.example/page",
        "https://A.example",
        "https://a.example:443",
        "http://a.example:80",
        "https://*.example",
        "ftp://a.example",
        "https://user@a.example",
        "null",
        "*/",
    ],
)
def test_an_origin_that_no_browser_says_is_refused_by_name(origin: str) -> None:
    with pytest.raises(ValueError, match=r"no origin|usual port") as told:
        checked(f"https://good.example {origin}")

    assert origin in str(told.value)


def test_a_star_beside_others_is_refused() -> None:
    with pytest.raises(ValueError, match="alone"):
        checked("* https://a.example")
