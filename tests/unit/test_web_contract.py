"""The app that is read from, alone and joined with ingest, against its document."""

import re
from concurrent.futures import Future
from functools import partial
from typing import Any

import pytest
import schemathesis
from flask import Flask
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import negative_data_rejection
from werkzeug.test import Client

import clients.web.app
import clients.web.openapi
import ingest.app
import ingest.openapi
from clients.place import Place
from clients.web.app import Sources
from clients.web.audience import Audience
from clients.web.board import HeldFrame
from clients.web.listing import Listed, Listing
from clients.web.operator_key import OperatorKey
from clients.web.pages import Pages
from clients.web.refusal import Full, NoAuditor, NoCluster, NoFrame, Refusal, Stale
from clients.worker.wire import BrokerAddress, Join
from compose.web.joined import Joined, join_documents
from ingest import metrics
from ingest.account import Account
from ingest.answer import OPERATIONS, Document
from ingest.batch import Batch
from ingest.guard import Common
from ingest.health import Readiness
from ingest.limits import AddressLimits, Rate
from ingest.refusal import Refusal as IngestRefusal
from tests.contract import CONFIG, GENERATED, refusals, teach
from tests.frames import frame
from tests.hosting import Stage
from tests.ledgers import Ledgers
from tests.stored import outcome

teach()

KEY = "the-operators-key"
OPERATOR = {"Authorization": f"Bearer {KEY}"}


class Frames:
    """Half of all rooms have a frame, if what is newest is known at all."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.problem = problem

    def newest(self, room: str) -> HeldFrame:
        if self.problem:
            raise self.problem
        if len(room) % 2 == 0:
            raise NoFrame
        newest = frame(room, 1, 1)
        return HeldFrame(newest.position, newest.encode())


class Places:
    """Gives everybody a place, or nobody."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.problem = problem

    def give(self, wanted: Join) -> Place:
        if self.problem:
            raise self.problem
        return Place(
            client_id="c1",
            brokers=(BrokerAddress("a.example", 1885, 9885),),
            slot="7",
            topic=f"relay/7/{wanted.room}/{wanted.profile}",
            spread_s=1,
        )


def listing(room: str | None) -> Listing:
    """Return a member, and a cluster that did not answer."""
    one = Listed(
        client_id="c1",
        cluster="cluster-1",
        slot="7",
        room=room or "main",
        profile="lite",
    )
    return Listing((one,), ("cluster-2",))


def audience(problem: Exception | None, room: str) -> Audience:
    """Return an audience, if one is known at all."""
    if problem:
        raise problem
    return Audience(room, 251, 5.02)


class Sink:
    """Takes every batch."""

    def append(self, batch: Batch) -> "Future[None]":
        del batch
        return outcome()


def common(document: Document, not_ready: str | None = None) -> Common:
    rate = Rate(per_s=1_000_000, burst=1_000_000)
    return Common(
        Readiness(lambda: not_ready),
        partial(metrics.exposition, None),
        document,
        AddressLimits(rate, rate),
    )


def sources(
    stale: Exception | None = None,
    no_place: Exception | None = None,
    no_auditor: Exception | None = None,
) -> Sources:
    return Sources(
        Frames(stale),
        Places(no_place),
        listing,
        OperatorKey(KEY),
        Ledgers(no_auditor),
        partial(audience, stale),
        Pages({}),
    )


def reader(given: Sources, not_ready: str | None = None) -> Flask:
    return clients.web.app.create_app(
        given, common(clients.web.openapi.document(), not_ready)
    )


def joined() -> Joined:
    document = join_documents(ingest.openapi.document(), clients.web.openapi.document())
    shared = common(document)
    return Joined(
        ingest.app.create_app(Sink(), shared, Account(), Stage().hosting),
        clients.web.app.create_app(sources(), shared),
    )


def schema_of(app: Flask | Joined) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_wsgi("/openapi.json", app, config=CONFIG)


AWAY = sources(
    Stale("Main is away"), NoCluster("Main is away"), NoAuditor("It is away")
)

healthy = schema_of(reader(sources()))
stale = schema_of(reader(AWAY, not_ready="Main is away"))
full = schema_of(reader(sources(no_place=Full())))
both = schema_of(joined())


@healthy.parametrize()
@GENERATED
def test_every_answer_is_declared_and_none_is_5xx(case: Case[Any]) -> None:
    case.call_and_validate()


@healthy.parametrize()
@GENERATED
def test_what_the_operator_is_told_is_declared(case: Case[Any]) -> None:
    # The key takes the place of a header that was generated as a fault, and heals it.
    case.call_and_validate(headers=OPERATOR, excluded_checks=[negative_data_rejection])


@stale.parametrize()
@GENERATED
def test_while_main_is_away_every_answer_is_declared(case: Case[Any]) -> None:
    answer = case.call_and_validate(excluded_checks=[not_a_server_error])

    assert answer.status_code != 500


@full.parametrize()
@GENERATED
def test_while_there_is_no_place_every_answer_is_declared(case: Case[Any]) -> None:
    answer = case.call_and_validate(excluded_checks=[not_a_server_error])

    assert answer.status_code != 500


@both.parametrize()
@GENERATED
def test_both_apps_together_answer_as_declared(case: Case[Any]) -> None:
    case.call_and_validate()


def test_every_refusal_is_declared_with_its_status() -> None:
    elsewhere = {Refusal.METHOD_NOT_ALLOWED, Refusal.NOT_READY, Refusal.NOT_BUILT}
    ours = {(one.status, one.label) for one in Refusal if one not in elsewhere}
    servers = {(one.status, one.label) for one in IngestRefusal}
    declared = {
        (status, label)
        for path, status, label in refusals(clients.web.openapi.document())
        if path not in OPERATIONS
    }

    assert ours <= declared <= ours | servers


def test_what_no_path_can_declare_is_described() -> None:
    described = clients.web.openapi.document()["info"]["description"]

    for refusal in (
        Refusal.METHOD_NOT_ALLOWED,
        Refusal.NOT_FOUND,
        Refusal.NOT_BUILT,
    ):
        assert refusal.label in described


@pytest.mark.parametrize("app", [reader(sources()), joined()], ids=["alone", "joined"])
def test_the_document_has_everything_that_it_refers_to(app: Flask | Joined) -> None:
    document = Client(app).get("/openapi.json")
    named = set(re.findall(r'"#/components/(\w+)/(\w+)"', document.text))
    components = (document.json or {})["components"]
    components.pop("securitySchemes")  # they are named without a reference

    assert named == {(kind, name) for kind in components for name in components[kind]}
