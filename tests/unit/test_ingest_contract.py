"""The app against its OpenAPI document, in both directions."""

from concurrent.futures import Future
from functools import partial
from typing import Any

import schemathesis
from flask import Flask
from schemathesis import Case
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import negative_data_rejection

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
from tests.hosting import Stage
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


def app_on(
    sink: Sink, not_ready: str | None = None, stage: Stage | None = None
) -> Flask:
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
        (stage or Stage()).hosting,
    )


HOSTS = (
    Refusal.NO_TOKEN,
    Refusal.NOT_HOST,
    Refusal.STATE_CHANGED,
    Refusal.BAD_STATE,
)


def schema_of(app: Flask) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_wsgi("/openapi.json", app, config=CONFIG)


class HungStage(Stage):
    """Is handed every change, and never hears of it."""

    def __init__(self) -> None:
        super().__init__()
        self.producer.reports = False


hosts = Stage()  # its log grows: rooms are touched and untouched
healthy = schema_of(app_on(Sink(), stage=hosts))
away = schema_of(app_on(Sink(NotStored()), "Kafka is away", stage=Stage(is_read=False)))
hung = schema_of(app_on(Sink(OutcomeUnknown()), stage=HungStage()))


def ask(case: Case[Any], *excluded: CheckFunction) -> Response:
    """Check an answer, as the room's host where only that one may ask."""
    if not case.path.endswith(("/state", "/changes")):
        return case.call_and_validate(excluded_checks=[*excluded])
    token = hosts.token(str(case.path_parameters["room"]))
    # It takes the place of a header that was generated as a fault, and heals it.
    return case.call_and_validate(
        headers={"Authorization": f"Bearer {token}"},
        excluded_checks=[*excluded, negative_data_rejection],
    )


@healthy.parametrize()
@GENERATED
def test_every_answer_is_declared_and_none_is_5xx(case: Case[Any]) -> None:
    case.call_and_validate()


@healthy.parametrize()
@GENERATED
def test_what_a_host_is_told_is_declared(case: Case[Any]) -> None:
    ask(case)


@away.parametrize()
@GENERATED
def test_while_kafka_is_away_every_answer_is_declared(case: Case[Any]) -> None:
    answer = ask(case, not_a_server_error)

    assert answer.status_code != 500


@hung.parametrize()
@GENERATED
def test_while_kafka_hangs_every_answer_is_declared(case: Case[Any]) -> None:
    answer = ask(case, not_a_server_error)

    assert answer.status_code != 500


def test_every_refusal_of_a_post_is_declared_with_its_status() -> None:
    elsewhere = {Refusal.METHOD_NOT_ALLOWED, Refusal.NOT_READY, *HOSTS}
    ours = {(one.status, one.label) for one in Refusal if one not in elsewhere}

    for path in ("/v1/reactions", "/v1/rooms/{room}/reactions"):
        assert {
            (status, label)
            for at, status, label in refusals(openapi.document())
            if at == path
        } == ours


def test_every_refusal_of_a_host_is_declared_with_its_status() -> None:
    path, reactions = "/v1/rooms/{room}/state", "/v1/reactions"
    declared = refusals(openapi.document())
    own = {label for at, _, label in declared if at == path} - {
        label for at, _, label in declared if at == reactions
    }

    assert own == {one.label for one in HOSTS} | {Refusal.NOT_READY.label}


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
