"""What the HTTP contract answers, and that no bad input stops the stream."""

import select
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPResponse

import httpx
import pytest

from tests.integration.processes import LOOPBACK
from tests.system.crowd import Crowd, answer_to, post
from tests.system.observer import FRAME_WITHIN_S, Observer
from tests.system.stack import Stack

GOOD = {"user_id": "u", "emoji_type": "❤️", "timestamp": 1_795_226_378_000}
EARLY_ANSWER_S = 0.5
POLL_S = 0.1
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Bad:
    """A request that is refused as a whole, and how."""

    status: int
    label: str
    content: bytes = b"[]"
    path: str = "/v1/rooms/final/reactions"
    headers: dict[str, str] = field(default_factory=lambda: JSON)


BAD = [
    Bad(400, "bad_json", b"{"),
    Bad(400, "bad_json", b"\xff\xfe"),
    Bad(400, "bad_json", b"[" * 100_000),
    Bad(400, "bad_key", headers={**JSON, "Idempotency-Key": "k" * 65}),
    Bad(404, "bad_room", path="/v1/rooms/Final/reactions"),
    Bad(404, "bad_room", path="/v1/rooms/-/reactions"),
    Bad(404, "not_found", path="/v1/elsewhere"),
    Bad(413, "body_too_large", b" " * (128 * 1024 + 1)),
    Bad(413, "too_many_reactions", b"[" + b"{}," * 500 + b"{}]"),
    Bad(415, "bad_media_type", headers={"Content-Type": "text/html"}),
    Bad(422, "nothing_acceptable", b"[]"),
    Bad(422, "nothing_acceptable", b'["x", 1, null, {}]'),
]

BAD_REACTIONS: list[tuple[dict[str, object], str]] = [
    ({"emoji_type": "x"}, "bad_emoji"),
    ({"emoji_type": "❤️❤️"}, "bad_emoji"),
    ({"user_id": ""}, "bad_user_id"),
    ({"user_id": "u" * 65}, "bad_user_id"),
    ({"timestamp": "now"}, "bad_timestamp"),
    ({"timestamp": 2**64}, "bad_timestamp"),
]
"""What is changed in a good one, and why it is rejected then."""


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad.label}-{bad.content[:9]!r}")
def test_a_bad_request_gets_its_label_and_a_sentence(
    http: httpx.Client, bad: Bad
) -> None:
    answer = answer_to(
        lambda: http.post(bad.path, content=bad.content, headers=bad.headers)
    )

    assert (answer.status_code, answer.json()["error"]) == (bad.status, bad.label)
    assert answer.json()["help"].endswith(".")


def test_a_body_without_a_length_is_refused(http: httpx.Client) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"[]"

    answer = answer_to(
        lambda: http.post("/v1/reactions", content=chunks(), headers=JSON)
    )

    assert (answer.status_code, answer.json()["error"]) == (411, "length_required")


def test_after_a_refusal_the_connection_serves_on_or_says_that_it_ends(
    stack: Stack,
) -> None:
    """A server that answers early gets the rest together with the next request."""
    head = b"POST /v1/reactions HTTP/1.1\r\nHost: here\r\nContent-Type: text/html\r\n"
    rest, then = b"[]", b"GET /livez HTTP/1.1\r\nHost: here\r\n\r\n"
    with socket.create_connection((LOOPBACK, stack.http_port)) as connection:
        connection.settimeout(FRAME_WITHIN_S)
        connection.sendall(head + b"Content-Length: 2\r\n\r\n")
        early, _, _ = select.select([connection], [], [], EARLY_ANSWER_S)
        if not early:
            connection.sendall(rest)
        refusal = answer_on(connection)
        assert refusal.status == 415
        if refusal.getheader("Connection") != "close":
            connection.sendall(rest + then if early else then)
            assert answer_on(connection).status == 200


def answer_on(connection: socket.socket) -> HTTPResponse:
    answer = HTTPResponse(connection)
    answer.begin()
    answer.read()
    return answer


def test_bad_reactions_are_rejected_by_their_places_and_the_others_count(
    stack: Stack, http: httpx.Client, room: str
) -> None:
    with Observer(stack.cluster_ports[0], room) as observer:
        body = [GOOD, *[GOOD | change for change, _ in BAD_REACTIONS], GOOD]
        key = uuid.uuid4().hex
        answer = answer_to(lambda: post(http, room, body, key=key))
        frame = observer.wait_for_total(2)

    assert answer.status_code == 202
    assert answer.json() == {
        "accepted": 2,
        "rejected": [
            {"index": index, "reason": reason}
            for index, (_, reason) in enumerate(BAD_REACTIONS, start=1)
        ],
    }
    assert frame["totals"] == {"❤️": 2}


def test_every_spelling_of_an_emoji_is_the_same_emoji(
    stack: Stack, http: httpx.Client, room: str
) -> None:
    crowd = Crowd(http, room)
    with Observer(stack.cluster_ports[0], room) as observer:
        crowd.react("❤️", "\N{HEAVY BLACK HEART}", ":heart:", ":red_heart:")
        frame = observer.wait_for_total(4)

    assert frame["totals"] == {"❤️": 4}


def test_a_beacon_is_plain_text_with_its_key_in_the_address(
    stack: Stack, http: httpx.Client, room: str
) -> None:
    with Observer(stack.cluster_ports[0], room) as observer:
        for _ in range(2):
            answer = answer_to(
                lambda: http.post(
                    f"/v1/rooms/{room}/reactions?key=beacon",
                    json=GOOD,
                    headers={"Content-Type": "text/plain;charset=UTF-8"},
                )
            )
            assert answer.status_code == 202
        Crowd(http, room).react("👏")
        frame = observer.wait_for(lambda frame: "👏" in frame["totals"])

    assert frame["totals"] == {"❤️": 1, "👏": 1}


def test_a_frame_is_read_over_http_as_mqtt_carries_it(
    stack: Stack, http: httpx.Client, room: str
) -> None:
    assert read(http, room).json()["error"] == "no_frame"
    with Observer(stack.cluster_ports[0], room) as observer:
        Crowd(http, room).react("❤️", "🎉")
        observer.wait_for_total(2)
        answer = read(http, room, wanted=lambda answer: answer.json().get("total") == 2)
        observer.wait_for(lambda frame: frame == answer.json())

    # The window's last words may come between the two: then it is read once more.
    read(http, room, wanted=lambda newest: is_unchanged(http, room, newest))


def read(
    http: httpx.Client,
    room: str,
    *,
    wanted: Callable[[httpx.Response], bool] = lambda _: True,
) -> httpx.Response:
    """Read a room's frame until it is `wanted`, as far as a busy machine has pulses."""
    deadline = time.monotonic() + FRAME_WITHIN_S
    while True:
        answer = http.get(f"/v1/rooms/{room}/frame")
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE and wanted(answer):
            return answer
        assert time.monotonic() < deadline, answer.text
        time.sleep(int(answer.headers.get("Retry-After", 0)) or POLL_S)


def is_unchanged(http: httpx.Client, room: str, seen: httpx.Response) -> bool:
    """Tell whether the server says, by its tag alone, that nothing newer is there."""
    tag = {"If-None-Match": seen.headers["ETag"]}
    return http.get(f"/v1/rooms/{room}/frame", headers=tag).status_code == 304


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/openapi.json"])
def test_its_health_can_be_asked(http: httpx.Client, path: str) -> None:
    assert answer_to(lambda: http.get(path)).status_code == 200


def test_the_wrong_method_is_named(http: httpx.Client) -> None:
    answer = answer_to(lambda: http.get("/v1/reactions"))

    assert (answer.status_code, answer.json()["error"]) == (405, "method_not_allowed")


def test_the_stream_goes_on_after_all_of_that(
    stack: Stack, http: httpx.Client, room: str
) -> None:
    crowd = Crowd(http, room)
    with Observer(stack.cluster_ports[0], room) as observer:
        for bad in BAD:
            http.post(bad.path, content=bad.content, headers=bad.headers)
        crowd.react("🎉")
        observer.wait_for_total(1)
