"""Requests that are made up, to a real web process with a real Kafka.

Ten thousand that mean no good; and, as the document has it, good ones and bad ones.
"""

import random
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import schemathesis
from hypothesis import settings
from schemathesis.checks import not_a_server_error

import clients.web.openapi
import ingest.openapi
from compose.web.joined import join_documents
from ingest.topics import reactions, states
from tests.contract import CONFIG, GENERATED, refusals, teach
from tests.integration import hostile
from tests.integration.kafka_server import KafkaServer
from tests.integration.web_process import Answer, Web, answers_on, running

WARM_UP, REQUESTS = 2000, 10_000
GROWTH_MAX = 1.05
"""Of the worker's memory, from the warm-up to the end."""

teach()

both = schemathesis.openapi.from_dict(
    dict(join_documents(ingest.openapi.document(), clients.web.openapi.document())),
    config=CONFIG,
)


@pytest.fixture(scope="module")
def web(kafka: KafkaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    kafka.create(reactions("", partitions=2, retention_bytes=1 << 30))
    kafka.create(states(""))
    settings = {
        "KAFKA_SERVERS": kafka.servers,
        "WEB_BODY_WITHIN_S": 1,  # a length that is a lie is waited for
        "WEB_THREADS": 4,  # all are there after the warm-up: none makes it grow
    }
    with running(tmp_path_factory.mktemp("web"), **settings) as web:
        yield web


class Sender:
    """Sends one request after the other, on one connection while that stays."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self._connection: socket.socket | None = None
        self.answers: Counter[tuple[int, str]] = Counter()

    def send_all(self, requests: Sequence[bytes]) -> None:
        for request in requests:
            answer = self._send(request)
            said = (202, "") if answer.status == 202 else answer.refusal
            self.answers[said] += 1
        self._hang_up()

    def _send(self, request: bytes) -> Answer:
        if self._connection is None:
            self._connection = self._web.connect()
            self._answers = answers_on(self._connection)
        self._connection.sendall(request)
        answer = next(self._answers)
        if answer.headers["Connection"] == "close":
            self._hang_up()
        return answer

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._answers.close()
            self._connection.close()
            self._connection = None


def test_under_hostile_requests_memory_stays_flat_and_every_answer_is_declared(
    web: Web,
) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    requests = hostile.requests(REQUESTS, seed)
    with web.client() as client:
        document = client.get("/openapi.json").json()
    declared = {(status, label) for _, status, label in refusals(document)}
    [worker] = web.workers
    sender = Sender(web)
    sender.send_all(requests[:WARM_UP])
    before_bytes = worker.memory_info().rss
    sender.send_all(requests[WARM_UP:])
    growth = worker.memory_info().rss / before_bytes
    print(f"grew to {growth:.1%} of {before_bytes:,} bytes; answers: {sender.answers}")

    assert web.workers == [worker]
    assert set(sender.answers) <= declared | {
        (202, ""),
        (404, "not_found"),
        (405, "method_not_allowed"),
    }
    assert max(status for status, _ in sender.answers) < 500
    assert growth < GROWTH_MAX


@both.parametrize()
@settings(GENERATED, max_examples=20)
def test_every_answer_of_both_apps_is_declared(
    web: Web, case: schemathesis.Case[Any]
) -> None:
    answer = case.call_and_validate(
        base_url=web.url, excluded_checks=[not_a_server_error]
    )

    # There is no main broker and no auditor: neither what is newest, nor who watches,
    # nor a place, nor what became of anything is known. And Kafka may be slow.
    unknown = ("/frame", "/audience", "/ledger", "/clients", "/readyz")
    assert answer.status_code < 500 or case.path.endswith(unknown)
    assert answer.status_code in {*range(500), 503}
