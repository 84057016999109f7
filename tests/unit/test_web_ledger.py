"""The ledger over HTTP: what the auditor says, byte by byte, or that it is away."""

from functools import partial

import httpx
import msgspec
import pytest
from flask.testing import FlaskClient

from clients.web import openapi
from clients.web.app import Sources, create_app
from clients.web.ledger import AuditorsLedgers
from clients.web.operator_key import OperatorKey
from clients.web.pages import Pages
from clients.web.refusal import NoAuditor, NoLedger
from ingest import metrics
from ingest.guard import Common
from ingest.health import Readiness
from ingest.limits import AddressLimits, Rate
from stream.auditor.ledger import Line, Overview, RoomLedger
from tests.contract import part
from tests.ledgers import Ledgers, ledger, overview
from tests.unit.test_web_app import Frames, Members, Places, audience


def client_of(ledgers: Ledgers) -> FlaskClient:
    sources = Sources(
        Frames(),
        Places(),
        Members(),
        OperatorKey("key"),
        ledgers,
        audience,
        Pages({}),
    )
    generous = Rate(per_s=1000, burst=1000)
    common = Common(
        Readiness(lambda: None),
        partial(metrics.exposition, None),
        openapi.document(),
        AddressLimits(generous, generous),
    )
    return create_app(sources, common).test_client()


def test_a_rooms_ledger_is_sent_as_the_auditor_says_it() -> None:
    ledgers = Ledgers()
    answer = client_of(ledgers).get("/v1/rooms/final/ledger?minutes=5")

    assert answer.status_code == 200
    assert answer.data == msgspec.json.encode(ledger())
    assert answer.headers["Cache-Control"] == "no-store"
    assert ledgers.asked == [("final", 5)]


def test_an_hour_is_sent_to_who_does_not_say_how_much() -> None:
    ledgers = Ledgers()
    client_of(ledgers).get("/v1/rooms/final/ledger")

    assert ledgers.asked == [("final", 60)]


def test_what_names_no_room_has_a_ledger_too() -> None:
    assert client_of(Ledgers()).get("/v1/rooms/-/ledger").status_code == 200


def test_all_rooms_are_in_the_overview() -> None:
    answer = client_of(Ledgers()).get("/v1/ledger")

    assert answer.status_code == 200
    assert msgspec.json.decode(answer.data, type=Overview).rooms[0].room == "final"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("minutes", ["0", "1441", "-1", "x", "", "1.0", "٣", "00001"])
def test_minutes_that_are_not_kept_are_refused(minutes: str) -> None:
    ledgers = Ledgers()
    answer = client_of(ledgers).get(f"/v1/rooms/final/ledger?minutes={minutes}")

    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["error"] == "bad_minutes"
    assert ledgers.asked == []


@pytest.mark.parametrize(
    ("room", "label"),
    [("Final", "bad_room"), ("--", "bad_room"), ("quiz", "no_ledger")],
)
def test_a_room_that_has_no_ledger_is_not_found(room: str, label: str) -> None:
    answer = client_of(Ledgers()).get(f"/v1/rooms/{room}/ledger")

    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["error"] == label


@pytest.mark.parametrize("path", ["/v1/rooms/final/ledger", "/v1/ledger"])
def test_without_an_auditor_it_is_said_when_to_ask_again(path: str) -> None:
    problem = NoAuditor("The auditor does not answer")
    answer = client_of(Ledgers(problem)).get(path)

    assert answer.status_code == 503
    assert answer.json == {
        "error": "no_auditor",
        "help": "The auditor does not answer: try again.",
    }
    assert answer.headers["Retry-After"] == "1"


def test_the_document_lists_every_field() -> None:
    document = openapi.document()
    for schema, kind in (
        ("RoomLedger", RoomLedger),
        ("LedgerLine", Line),
        ("Overview", Overview),
    ):
        described = part(document, "components", "schemas", schema)
        fields = {field.name for field in msgspec.structs.fields(kind)}
        assert set(described["properties"]) == set(described["required"]) == fields


def asking(answer: httpx.Response | Exception) -> AuditorsLedgers:
    """Return who asks an auditor that answers so."""

    def handle(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    transport = httpx.MockTransport(handle)
    client = httpx.Client(base_url="http://auditor", transport=transport)
    return AuditorsLedgers(client, waiting_max=1)


def test_the_auditors_bytes_are_kept() -> None:
    said = msgspec.json.format(msgspec.json.encode(ledger()), indent=3)

    assert asking(httpx.Response(200, content=said)).room("final", 1) == said


def test_a_room_that_the_auditor_does_not_know_has_no_ledger() -> None:
    with pytest.raises(NoLedger):
        asking(httpx.Response(404, json={"error": "no_ledger"})).room("final", 1)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("hangs"),
        httpx.Response(503),
        httpx.Response(200, content=b"<h1>Hello</h1>"),
        httpx.Response(200, content=b"\xff"),
        httpx.Response(200, content=b'{"v":1}'),
        httpx.Response(
            200, content=msgspec.json.encode(msgspec.structs.replace(ledger(), v=2))
        ),
    ],
)
def test_whatever_else_is_there_is_no_auditor(
    answer: httpx.Response | Exception,
) -> None:
    with pytest.raises(NoAuditor):
        asking(answer).room("final", 1)


def test_a_404_to_who_asks_for_all_rooms_is_no_auditor() -> None:
    with pytest.raises(NoAuditor):
        asking(httpx.Response(404)).overview()


def test_more_than_may_wait_are_told_at_once() -> None:
    asked: list[str] = []

    def ask_again(_: httpx.Request) -> httpx.Response:
        with pytest.raises(NoAuditor, match="no_auditor") as refused:
            ledgers.overview()
        asked.append(refused.value.help)
        return httpx.Response(200, content=msgspec.json.encode(overview()))

    client = httpx.Client(
        base_url="http://auditor", transport=httpx.MockTransport(ask_again)
    )
    ledgers = AuditorsLedgers(client, waiting_max=1)

    ledgers.overview()
    ledgers.overview()
    assert asked == ["Too many ask for the ledger at a time: try again."] * 2
