import json
from collections import Counter
from typing import Any

import pytest

from clients.crowd.requests import EMOJI, STEPS, Bodies, Heads
from ingest import emoji_table

TIMES_MS = (1_000_000, 1_000_500)


def written(
    reactions: int, mixture: dict[str, float] | None = None
) -> list[dict[str, Any]]:
    body = Bodies(7).body(
        mixture or {}, reactions, user_id="crowd-1", times_ms=TIMES_MS
    )
    found: list[dict[str, Any]] = json.loads(body)
    return found


@pytest.mark.parametrize("reactions", [1, 7, 10, 11, 499, 500])
def test_a_body_has_so_many_reactions_of_one_user(reactions: int) -> None:
    found = written(reactions)

    assert len(found) == reactions
    assert {one["user_id"] for one in found} == {"crowd-1"}
    assert {one["emoji_type"] for one in found} <= {*EMOJI}
    assert all(TIMES_MS[0] < one["timestamp"] <= TIMES_MS[1] for one in found)
    assert found[-1]["timestamp"] == TIMES_MS[1]


def test_taps_are_spread_over_the_time_in_which_they_were_gathered() -> None:
    times = [one["timestamp"] for one in written(500)]

    assert times == sorted(times)
    assert len({*times}) == STEPS > 1
    assert times[-1] == TIMES_MS[1]


def test_the_mixture_is_what_is_tapped() -> None:
    found = Counter(one["emoji_type"] for one in written(500, {"⚽": 3.0, "😱": 1.0}))

    assert found.keys() == {"⚽", "😱"}
    assert found["⚽"] > found["😱"]


def test_every_emoji_of_a_crowd_is_one_that_is_taken() -> None:
    assert {emoji_table.canonical(emoji) for emoji in EMOJI} == {*EMOJI}


def test_bodies_differ_from_post_to_post() -> None:
    bodies = Bodies(1)
    made = {bodies.body({}, 100, user_id="u", times_ms=TIMES_MS) for _ in range(20)}

    assert len(made) > 15


def test_a_request_says_where_it_goes_and_how_long_it_is() -> None:
    request = Heads("host", "/live").request("final", b"key-1", b"[1]")

    assert request == (
        b"POST /live/v1/rooms/final/reactions HTTP/1.1\r\nHost: host\r\n"
        b"Content-Type: application/json\r\nContent-Length: 3\r\n"
        b"Idempotency-Key: key-1\r\n\r\n[1]"
    )
