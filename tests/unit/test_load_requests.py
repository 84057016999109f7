import json

from clients.crowd.requests import EMOJI
from tests.load.requests import Requests


def split(request: bytes) -> tuple[dict[str, str], list[dict[str, object]]]:
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    assert lines[0] == "POST /v1/rooms/final/reactions HTTP/1.1"
    assert int(headers["Content-Length"]) == len(body)
    return headers, json.loads(body)


def test_a_request_is_whole_http_and_has_as_many_reactions_as_asked_for() -> None:
    headers, body = split(Requests("127.0.0.1", seed=7).request("final", 500, 3))

    assert headers["Content-Type"] == "application/json"
    assert len(body) == 500
    assert {one["emoji_type"] for one in body} <= set(EMOJI)


def test_every_post_has_a_key_of_its_own_also_in_the_next_run() -> None:
    runs = [Requests("127.0.0.1", seed=seed) for seed in (1, 2)]
    keys = {
        split(run.request("final", 1, index))[0]["Idempotency-Key"]
        for run in runs
        for index in range(100)
    }

    assert len(keys) == 200


def test_users_and_emoji_differ_from_post_to_post() -> None:
    requests = Requests("127.0.0.1", seed=7)
    bodies = [split(requests.request("final", 1, index))[1][0] for index in range(64)]

    assert len({body["user_id"] for body in bodies}) > 50
    assert len({body["emoji_type"] for body in bodies}) > 5


def test_there_are_more_emoji_than_a_frame_shows_and_none_twice() -> None:
    assert len(set(EMOJI)) == len(EMOJI) > 32


def test_the_greatest_post_is_one_that_the_system_takes() -> None:
    request = Requests("127.0.0.1", seed=7).request("final", 500, 0)

    assert len(request.partition(b"\r\n\r\n")[2]) < 128 * 1024
