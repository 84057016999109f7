"""The app against its OpenAPI document, in both directions."""

from concurrent.futures import Future
from functools import partial
from typing import Any

import schemathesis
from flask import Flask
from schemathesis import Case
from schemathesis.checks import not_a_server_error

from ingest import metrics, openapi
from ingest.account import Account
from ingest.app import create_app
from ingest.batch import KEY_MAX_CHARS, Batch
from ingest.guard import Common
from ingest.health import Readiness
from ingest.limits import AddressLimits, Rate
from ingest.reaction import Reason
from ingest.refusal import NotStored, OutcomeUnknown, Refusal
from ingest.topics import RECORD_REACTIONS_MAX
from tests.contract import CONFIG, GENERATED, part, refusals, teach
from tests.stored import outcome

teach()


class Sink:
    """Takes every batch, or none."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.problem = problem

    def append(self, batch: Batch) -> "Future[None]":
        del batch
        if isinstance(self.problem, NotStored):
            raise self.problem
        return outcome(self.problem)


def app_on(sink: Sink, not_ready: str | None = None) -> Flask:
    rate = Rate(per_s=1_000_000, burst=1_000_000)
    return create_app(
        sink,
        Common(
            Readiness(lambda: not_ready),
            partial(metrics.exposition, None),
            openapi.document(),
            AddressLimits(rate, rate),
        ),
        Account(),
    )


def schema_of(app: Flask) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_wsgi("/openapi.json", app, config=CONFIG)


healthy = schema_of(app_on(Sink()))
away = schema_of(app_on(Sink(NotStored()), not_ready="Kafka is away"))
hung = schema_of(app_on(Sink(OutcomeUnknown())))


@healthy.parametrize()
@GENERATED
def test_every_answer_is_declared_and_none_is_5xx(case: Case[Any]) -> None:
    case.call_and_validate()


@away.parametrize()
@GENERATED
def test_while_kafka_is_away_every_answer_is_declared(case: Case[Any]) -> None:
    answer = case.call_and_validate(excluded_checks=[not_a_server_error])

    assert answer.status_code != 500


@hung.parametrize()
@GENERATED
def test_while_kafka_hangs_every_answer_is_declared(case: Case[Any]) -> None:
    answer = case.call_and_validate(excluded_checks=[not_a_server_error])

    assert answer.status_code != 500


def test_every_refusal_of_a_post_is_declared_with_its_status() -> None:
    elsewhere = {Refusal.METHOD_NOT_ALLOWED, Refusal.NOT_READY}
    ours = {(one.status, one.label) for one in Refusal if one not in elsewhere}

    for path in ("/v1/reactions", "/v1/rooms/{room}/reactions"):
        assert {
            (status, label)
            for at, status, label in refusals(openapi.document())
            if at == path
        } == ours


def test_no_path_declares_a_label_that_is_not_ours_or_has_another_status() -> None:
    ours = {(one.status, one.label) for one in Refusal}

    assert {
        (status, label) for _, status, label in refusals(openapi.document())
    } <= ours


def test_what_no_path_can_declare_is_described() -> None:
    described = openapi.document()["info"]["description"]

    assert Refusal.METHOD_NOT_ALLOWED.label in described
    assert Refusal.NOT_FOUND.label in described


def test_every_answer_that_says_come_again_says_when() -> None:
    document = openapi.document()
    names = {
        name
        for name, response in document["components"]["responses"].items()
        if "Retry-After" in response.get("headers", {})
    }

    assert names == {"RateLimited", "NotStored", "NotReady", "Overloaded"}
    assert part(document, "components", "headers", "RetryAfter")["required"]


def test_the_limits_are_those_of_the_code() -> None:
    components = openapi.document()["components"]
    schemas, parameters = components["schemas"], components["parameters"]
    _, many = schemas["Reactions"]["oneOf"]
    reasons = schemas["Rejections"]["items"]["properties"]["reason"]["enum"]

    assert many["maxItems"] == RECORD_REACTIONS_MAX
    assert f"{{1,{KEY_MAX_CHARS}}}" in parameters["BeaconKey"]["schema"]["pattern"]
    assert (
        f"{{0,{KEY_MAX_CHARS - 2}}}"
        in parameters["IdempotencyKey"]["schema"]["pattern"]
    )
    assert set(reasons) == set(Reason)
