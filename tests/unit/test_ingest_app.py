import io
import json
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from werkzeug.test import TestResponse

from ingest import metrics, openapi
from ingest.account import Account, Line
from ingest.app import create_app
from ingest.batch import Batch
from ingest.guard import Common
from ingest.health import Readiness
from ingest.hold import HOLD
from ingest.limits import AddressLimits, Rate
from ingest.refusal import NotStored, OutcomeUnknown, Refusal
from tests.hosting import Stage, entry
from tests.stored import outcome

GOOD: dict[str, Any] = {"user_id": "u", "emoji_type": "❤️", "timestamp": 1}
ONE = json.dumps(GOOD).encode()
JSON = {"Content-Type": "application/json"}


class Sink:
    """Keeps what it gets, or fails as it is told."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.problem = problem
        self.batches: list[Batch] = []

    def append(self, batch: Batch) -> "Future[None]":
        if isinstance(self.problem, NotStored):
            raise self.problem
        if self.problem is None:
            self.batches.append(batch)
        return outcome(self.problem)


class FailingSink(Sink):
    """Raises what it is told to, or makes it the outcome."""

    def append(self, batch: Batch) -> "Future[None]":
        if isinstance(self.problem, ZeroDivisionError):
            raise self.problem
        return super().append(batch)


GENEROUS = Rate(per_s=1000, burst=1000)


def client_of(  # noqa: PLR0913 - each is an option of its own
    sink: Sink,
    not_ready: str | None = None,
    *,
    others: Rate = GENEROUS,
    proxies: int = 0,
    account: Account | None = None,
    stage: Stage | None = None,
) -> FlaskClient:
    common = Common(
        Readiness(lambda: not_ready),
        partial(metrics.exposition, None),
        openapi.document(),
        AddressLimits(others, loopback=GENEROUS),
        proxies,
    )
    hosting = (stage or Stage()).hosting
    return create_app(sink, common, account or Account(), hosting).test_client()


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def client(sink: Sink) -> FlaskClient:
    return client_of(sink)


def post(client: FlaskClient, body: bytes = ONE, **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/v1/reactions", data=body, headers=JSON | named)


def test_what_was_stored_is_accepted(sink: Sink, client: FlaskClient) -> None:
    answer = client.post("/v1/rooms/final/reactions", data=ONE, headers=JSON)

    assert answer.status_code == 202
    assert answer.json == {"accepted": 1, "rejected": []}
    assert [batch.room for batch in sink.batches] == ["final"]


def test_a_post_that_names_no_room_goes_to_main(
    sink: Sink, client: FlaskClient
) -> None:
    post(client)

    assert [batch.room for batch in sink.batches] == ["main"]


def test_the_good_part_of_a_batch_is_stored(sink: Sink, client: FlaskClient) -> None:
    answer = post(client, json.dumps([7, GOOD, GOOD | {"user_id": ""}]).encode())

    assert answer.status_code == 202
    assert answer.json == {
        "accepted": 1,
        "rejected": [
            {"index": 0, "reason": "not_an_object"},
            {"index": 2, "reason": "bad_user_id"},
        ],
    }
    assert len(sink.batches[0].reactions) == 1


def test_a_beacon_is_plain_text_with_its_key_in_the_address(
    sink: Sink, client: FlaskClient
) -> None:
    plain = {"Content-Type": "text/plain;charset=UTF-8"}
    client.post("/v1/reactions?key=k", data=ONE, headers=plain)
    post(client, Idempotency_Key="k")

    assert sink.batches[0].batch_id == sink.batches[1].batch_id


def test_a_batch_is_told_from_others_by_room_key_and_body(
    sink: Sink, client: FlaskClient
) -> None:
    post(client, Idempotency_Key="k")
    post(client, Idempotency_Key="other")
    post(client, ONE + b" ", Idempotency_Key="k")
    path = "/v1/rooms/final/reactions?key=k"
    client.post(path, data=ONE, headers=JSON)
    post(client)
    post(client)

    assert len({batch.batch_id for batch in sink.batches}) == 6


@dataclass(frozen=True)
class Bad:
    """A request that is refused, and how."""

    status: int
    label: str
    body: bytes = ONE
    path: str = "/v1/rooms/final/reactions"
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=lambda: JSON)


BAD = [
    Bad(400, "bad_json", b"{"),
    Bad(400, "bad_key", headers=JSON | {"Idempotency-Key": "k" * 65}),
    Bad(400, "bad_key", headers=JSON | {"Idempotency-Key": ""}),
    Bad(400, "bad_key", path="/v1/reactions?key=%C3%A9"),
    Bad(
        400,
        "bad_key",
        path="/v1/reactions?key=",
        headers=JSON | {"Idempotency-Key": "k"},
    ),
    Bad(404, "bad_room", path="/v1/rooms/Final/reactions"),
    Bad(404, "bad_room", path="/v1/rooms/-a/reactions"),
    Bad(404, "bad_room", path=f"/v1/rooms/{'a' * 64}/reactions"),
    Bad(404, "not_found", path="/v1/rooms//reactions"),
    Bad(404, "not_found", path="/v1/rooms/final/reactions/"),
    Bad(404, "not_found", path="/v1//reactions"),
    Bad(404, "not_found", path="/"),
    Bad(405, "method_not_allowed", method="GET"),
    Bad(405, "method_not_allowed", path="/livez"),
    Bad(405, "method_not_allowed", path="/livez", method="OPTIONS"),
    Bad(413, "body_too_large", b" " * (128 * 1024) + ONE),
    Bad(413, "too_many_reactions", b"[" + b"7," * 500 + b"7]"),
    Bad(415, "bad_media_type", headers={}),
    Bad(415, "bad_media_type", headers={"Content-Type": "application/jsonx"}),
    Bad(415, "bad_media_type", headers={"Content-Type": "text/html"}),
    Bad(415, "bad_encoding", headers=JSON | {"Content-Encoding": "gzip"}),
    Bad(422, "nothing_acceptable", b"[]"),
    Bad(422, "nothing_acceptable", b"7"),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad.label}-{bad.path}")
def test_a_bad_request_gets_its_label_and_a_sentence(
    sink: Sink, client: FlaskClient, bad: Bad
) -> None:
    before = sample("ingest_refused_total", error=bad.label)
    answer = client.open(
        bad.path, method=bad.method, data=bad.body, headers=bad.headers
    )

    assert answer.json is not None
    assert (answer.status_code, answer.json["error"]) == (bad.status, bad.label)
    assert answer.json["help"].endswith(".")
    assert sink.batches == []
    assert sample("ingest_refused_total", error=bad.label) == before + 1


def test_where_nothing_is_acceptable_each_reason_is_told(client: FlaskClient) -> None:
    answer = post(client, b"[7, {}]")

    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["rejected"] == [
        {"index": 0, "reason": "not_an_object"},
        {"index": 1, "reason": "missing_field"},
    ]


class Untouchable:
    """A body that nobody may read."""

    def read(self, *_: int) -> bytes:
        raise AssertionError("the body was read")

    readline = read


@pytest.mark.parametrize(
    ("environ", "label"),
    [
        ({}, "length_required"),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, "length_required"),
        ({"CONTENT_LENGTH": str(128 * 1024 + 1)}, "body_too_large"),
        ({"CONTENT_LENGTH": "0"}, "bad_json"),
    ],
)
def test_a_body_of_no_length_or_too_large_is_never_read(
    client: FlaskClient, environ: dict[str, str], label: str
) -> None:
    answer = client.post(
        "/v1/reactions",
        environ_overrides={
            "CONTENT_TYPE": "application/json",
            "wsgi.input": Untouchable(),
            **environ,
        },
    )

    assert answer.json is not None
    assert answer.json["error"] == label


def test_a_refused_request_leaves_nothing_of_its_body_on_the_connection(
    client: FlaskClient,
) -> None:
    body = io.BytesIO(ONE)

    answer = client.post(
        "/v1/reactions",
        environ_overrides={
            "CONTENT_TYPE": "image/png",
            "CONTENT_LENGTH": str(len(ONE)),
            "wsgi.input": body,
        },
    )

    assert answer.status_code == 415
    assert body.read() == b""


FEW = Rate(per_s=1, burst=2)


def posted_from(
    client: FlaskClient, address: str, times: int = 1, *, forwarded_for: str = ""
) -> list[int]:
    """Return how posts that come from `address` are answered."""
    environ = {"REMOTE_ADDR": address, "HTTP_X_FORWARDED_FOR": forwarded_for}
    return [
        client.post(
            "/v1/reactions", data=ONE, headers=JSON, environ_overrides=environ
        ).status_code
        for _ in range(times)
    ]


def test_an_address_that_asks_too_much_is_told_when_to_come_again(sink: Sink) -> None:
    client = client_of(sink, others=FEW)
    let_through = posted_from(client, "192.0.2.1", 2)
    answer = client.get("/metrics", environ_overrides={"REMOTE_ADDR": "192.0.2.1"})

    assert let_through == [202, 202]
    assert answer.status_code == 429
    assert answer.json == {
        "error": "rate_limited",
        "help": "Your address sends too much: come again after Retry-After.",
    }
    assert answer.headers["Retry-After"] == "1"
    assert posted_from(client, "192.0.2.2") == [202]
    assert posted_from(client, "127.0.0.1", 9) == [202] * 9


def test_a_body_that_comes_too_soon_is_never_read(sink: Sink) -> None:
    client = client_of(sink, others=FEW)
    posted_from(client, "192.0.2.1", 2)
    answer = client.post(
        "/v1/reactions",
        environ_overrides={
            "REMOTE_ADDR": "192.0.2.1",
            "CONTENT_LENGTH": "2",
            "wsgi.input": Untouchable(),
        },
    )

    assert answer.status_code == 429


def test_who_asks_too_much_still_learns_whether_we_live(sink: Sink) -> None:
    client = client_of(sink, others=FEW)
    posted_from(client, "192.0.2.1", 9)
    environ = {"REMOTE_ADDR": "192.0.2.1"}

    for path in ("/livez", "/readyz"):
        assert client.get(path, environ_overrides=environ).status_code == 200


def test_a_stranger_cannot_name_another_address(sink: Sink) -> None:
    client = client_of(sink, others=FEW)
    answers = [
        posted_from(client, "192.0.2.1", forwarded_for=f"198.51.100.{n}")
        for n in range(3)
    ]

    assert answers == [[202], [202], [429]]


def test_behind_a_proxy_each_sender_counts_for_itself(sink: Sink) -> None:
    """The last address is the proxy's word; what is ahead of it a stranger wrote."""
    client = client_of(sink, others=FEW, proxies=1)
    one = [
        posted_from(client, "127.0.0.1", forwarded_for=f"198.51.100.{n}, 192.0.2.1")
        for n in range(3)
    ]
    other = posted_from(client, "127.0.0.1", forwarded_for="192.0.2.2")

    assert one == [[202], [202], [429]]
    assert other == [202]


def test_a_body_of_128_kib_is_read(client: FlaskClient) -> None:
    body = ONE + b" " * (128 * 1024 - len(ONE))

    assert post(client, body).status_code == 202


@pytest.mark.parametrize(
    ("problem", "label"), [(NotStored(), "not_stored"), (OutcomeUnknown(), "unknown")]
)
def test_what_became_of_a_batch_is_told_and_when_to_come_again(
    problem: Exception, label: str
) -> None:
    answer = post(client_of(Sink(problem)))

    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["error"] == label
    assert answer.headers["Retry-After"] == "1"


class LaterSink(Sink):
    """Says what became of a batch when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.stored: Future[None] = Future()

    def append(self, batch: Batch) -> "Future[None]":
        del batch
        return self.stored


def post_held(
    sink: LaterSink, body: bytes, account: Account | None = None
) -> tuple[TestResponse, list[Future[None]]]:
    """Post by way of a server that can hold answers; return what it was to hold for."""
    held: list[Future[None]] = []
    environ = {HOLD: held.append}
    answer = client_of(sink, account=account).post(
        "/v1/reactions", data=body, headers=JSON, environ_overrides=environ
    )
    return answer, held


def counts() -> tuple[float, float]:
    """Return how many reactions are counted as accepted, and as rejected."""
    return (
        sample("ingest_reactions_accepted_total"),
        sample("ingest_reactions_rejected_total", reason="bad_emoji"),
    )


def test_an_answer_that_can_be_held_is_there_before_the_batch_is_stored() -> None:
    sink, before = LaterSink(), counts()
    bad = json.dumps({**GOOD, "emoji_type": "x"}).encode()
    answer, held = post_held(sink, b"[" + ONE + b"," + bad + b"]")

    assert (answer.status_code, held) == (202, [sink.stored])
    assert counts() == before
    sink.stored.set_result(None)
    assert counts() == (before[0] + 1, before[1] + 1)


def test_what_may_not_be_stored_is_not_counted_as_accepted() -> None:
    sink, before = LaterSink(), counts()
    post_held(sink, ONE)

    sink.stored.set_exception(OutcomeUnknown())

    assert counts() == before


def test_a_fault_of_ours_is_told_as_json_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = post(client_of(Sink(ZeroDivisionError("our fault"))))

    assert answer.status_code == 500
    assert answer.json is not None
    assert answer.json["error"] == "internal"
    assert "our fault" in caplog.text


def test_the_methods_that_would_do_are_named(client: FlaskClient) -> None:
    assert "POST" in client.get("/v1/reactions").headers["Allow"]


def test_it_lives_whatever_kafka_does() -> None:
    assert client_of(Sink(NotStored()), "away").get("/livez").status_code == 200


def test_it_is_ready_while_reactions_can_be_stored(client: FlaskClient) -> None:
    assert client.get("/readyz").status_code == 200


def test_it_says_why_it_is_not_ready(sink: Sink) -> None:
    answer = client_of(sink, "Kafka does not answer").get("/readyz")

    assert answer.status_code == 503
    assert answer.json == {"error": "not_ready", "help": "Kafka does not answer."}
    assert answer.headers["Retry-After"] == "1"


def test_reactions_are_counted(client: FlaskClient) -> None:
    accepted = sample("ingest_reactions_accepted_total")
    rejected = sample("ingest_reactions_rejected_total", reason="bad_emoji")
    post(client, json.dumps([GOOD, GOOD | {"emoji_type": "x"}, GOOD]).encode())

    assert sample("ingest_reactions_accepted_total") == accepted + 2
    assert sample("ingest_reactions_rejected_total", reason="bad_emoji") == rejected + 1


def test_the_metrics_name_no_user(client: FlaskClient) -> None:
    post(client, json.dumps(GOOD | {"user_id": "somebody"}).encode())
    shown = client.get("/metrics")

    assert shown.content_type.startswith("text/plain")
    assert "ingest_reactions_accepted_total" in shown.text
    assert "somebody" not in shown.text


def test_every_refusal_has_a_status_and_a_sentence() -> None:
    for refusal in Refusal:
        assert 400 <= refusal.status < 600
        assert refusal.help.endswith(".")


def test_the_account_has_what_was_done_with_each_reaction(sink: Sink) -> None:
    account = Account()
    client = client_of(sink, account=account)
    post(client, json.dumps([GOOD, GOOD, 7]).encode())
    post(client, b"[{}]")
    post(client, b"{")

    assert account.take() == {
        "main": Line(
            posts=3,
            received=4,
            accepted=2,
            rejected={"not_an_object": 1, "missing_field": 1},
            refused={"nothing_acceptable": 1, "bad_json": 1},
        )
    }


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (NotStored(), Line(posts=1, received=1, refused={"not_stored": 1})),
        (OutcomeUnknown(), Line(posts=1, received=1, unknown=1)),
        (ZeroDivisionError(), Line(posts=1, received=1, refused={"internal": 1})),
    ],
)
def test_the_account_tells_what_is_unknown_from_what_is_refused(
    problem: Exception, line: Line
) -> None:
    account = Account()
    client = client_of(FailingSink(problem), account=account)
    client.post("/v1/rooms/final/reactions", data=ONE, headers=JSON)

    assert account.take() == {"final": line}


def test_the_account_has_a_held_batch_when_its_outcome_is_known() -> None:
    sink, account = LaterSink(), Account()
    post_held(sink, ONE, account)
    before = account.take()
    sink.stored.set_result(None)

    assert before == {"main": Line(received=1)}
    assert account.take() == {"main": Line(posts=1, accepted=1)}


def test_the_account_has_a_held_batch_that_nobody_knows_of() -> None:
    sink, account = LaterSink(), Account()
    post_held(sink, ONE, account)
    sink.stored.set_exception(OutcomeUnknown())

    assert account.take() == {"main": Line(posts=1, received=1, unknown=1)}


def test_a_post_to_no_room_and_one_too_many_are_of_no_room(sink: Sink) -> None:
    account = Account()
    client = client_of(sink, others=FEW, account=account)
    client.post("/v1/rooms/Final/reactions", data=ONE, headers=JSON)
    posted_from(client, "192.0.2.1", 3)
    taken = account.take()

    assert taken["-"] == Line(posts=2, refused={"bad_room": 1, "rate_limited": 1})
    assert taken["main"].posts == 2


def test_who_posts_no_reactions_is_in_no_account(sink: Sink) -> None:
    account = Account()
    client = client_of(sink, account=account)
    for method, path in (
        ("POST", "/v1/nowhere"),
        ("POST", "/livez"),
        ("GET", "/v1/reactions"),
        ("GET", "/metrics"),
    ):
        client.open(path, method=method)

    assert account.take() == {}


def post_emoji(client: FlaskClient, *emoji: str) -> TestResponse:
    body = [{**GOOD, "emoji_type": one} for one in emoji]
    return client.post("/v1/rooms/final/reactions", json=body)


def test_a_closed_room_takes_nothing_and_others_do(sink: Sink) -> None:
    stage, account = Stage(), Account()
    stage.put("final", entry(is_open=False))
    client = client_of(sink, stage=stage, account=account)
    answer = post_emoji(client, "❤️", "😂")

    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["error"] == "room_closed"
    assert sink.batches == []
    assert account.take() == {
        "final": Line(posts=1, received=2, refused={"room_closed": 1})
    }
    assert post(client).status_code == 202


def test_a_room_that_opens_again_takes_reactions(sink: Sink) -> None:
    stage = Stage()
    client = client_of(sink, stage=stage)
    stage.put("final", entry(is_open=False))
    while_closed = post_emoji(client, "❤️")
    stage.put("final", entry())

    assert while_closed.status_code == 409
    assert post_emoji(client, "❤️").status_code == 202


def test_what_a_room_does_not_take_is_left_out_by_its_place(sink: Sink) -> None:
    stage, account = Stage(), Account()
    stage.put("final", entry(emoji=["❤️", "😂"], muted=["😂"]))
    client = client_of(sink, stage=stage, account=account)
    body = [7, {**GOOD, "emoji_type": "🎉"}, GOOD, {**GOOD, "emoji_type": ":joy:"}]
    answer = client.post("/v1/rooms/final/reactions", json=body)

    assert answer.json == {
        "accepted": 1,
        "rejected": [
            {"index": 0, "reason": "not_an_object"},
            {"index": 1, "reason": "emoji_not_offered"},
            {"index": 3, "reason": "emoji_not_offered"},
        ],
    }
    assert [one.emoji_type for one in sink.batches[0].reactions] == ["❤️"]
    assert account.take() == {
        "final": Line(
            posts=1,
            received=4,
            accepted=1,
            rejected={"not_an_object": 1, "emoji_not_offered": 2},
        )
    }


def test_where_a_room_takes_none_of_it_nothing_is_acceptable(sink: Sink) -> None:
    stage, account = Stage(), Account()
    stage.put("final", entry(muted=["🎉"]))
    answer = post_emoji(client_of(sink, stage=stage, account=account), "🎉")

    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["rejected"] == [{"index": 0, "reason": "emoji_not_offered"}]
    assert account.take() == {
        "final": Line(
            posts=1,
            received=1,
            rejected={"emoji_not_offered": 1},
            refused={"nothing_acceptable": 1},
        )
    }


def test_nothing_is_stored_until_it_is_known_what_rooms_take(sink: Sink) -> None:
    stage = Stage(is_read=False)
    client = client_of(sink, stage=stage)
    before = post(client)
    stage.records.caught_up = True
    stage.states.step(0)

    assert before.status_code == 503
    assert before.json is not None
    assert before.json["error"] == "not_stored"
    assert post(client).status_code == 202
