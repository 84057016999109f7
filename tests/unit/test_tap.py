import json
from collections import Counter

import pytest

from clients.cli.watch import BadBroker, broker_address
from clients.sender import Accepted, Refused, Unknown, batch_body, batch_sizes
from clients.server import BadUrl, reactions_url
from clients.tally import Tally


@pytest.mark.parametrize(
    ("count", "sizes"),
    [(1, [1]), (500, [500]), (501, [500, 1]), (1200, [500, 500, 200])],
)
def test_reactions_travel_in_as_few_batches_as_allowed(
    count: int, sizes: list[int]
) -> None:
    assert list(batch_sizes(count)) == sizes


def test_a_batch_says_what_the_server_reads() -> None:
    body = json.loads(batch_body("🔥", 2, user_id="u", now_ms=5))

    assert body == [{"user_id": "u", "emoji_type": "🔥", "timestamp": 5}] * 2


def test_a_tally_is_complete_when_all_is_accepted() -> None:
    tally = Tally(asked=3)
    tally.add(3, Accepted(3, Counter()))

    assert tally.complete
    assert list(tally.lines()) == ["accepted 3"]


def test_a_tally_names_every_fate() -> None:
    tally = Tally(asked=20)
    tally.add(5, Accepted(3, Counter(bad_emoji=2)))
    tally.add(5, Unknown())
    tally.add(5, Refused("room_closed", "The room is closed."))

    assert not tally.complete
    assert list(tally.lines()) == [
        "accepted 3",
        "rejected 2: bad_emoji",
        "refused 5: room_closed: The room is closed.",
        "unknown 5: no certain answer, may be counted or not",
        "not sent 5",
    ]


def test_a_refusal_shows_what_was_wrong_with_the_reactions() -> None:
    tally = Tally(asked=1)
    tally.add(1, Refused("nothing_acceptable", "Help.", Counter(bad_emoji=1)))

    assert list(tally.lines())[1] == (
        "refused 1: nothing_acceptable (bad_emoji): Help."
    )


def test_the_url_of_a_room_is_below_the_server() -> None:
    expected = "http://here:1/below/v1/rooms/final/reactions"

    assert str(reactions_url("http://here:1/below/", "final")) == expected


@pytest.mark.parametrize(
    "base", ["here:8080", "ftp://here", "http://", "", "http://here:x"]
)
def test_a_bad_url_is_named(base: str) -> None:
    with pytest.raises(BadUrl, match=r"^'"):
        reactions_url(base, "final")


def test_a_broker_is_a_host_and_a_port() -> None:
    assert broker_address("127.0.0.1:1885") == ("127.0.0.1", 1885)
    assert broker_address("[::1]:1885") == ("::1", 1885)


@pytest.mark.parametrize("text", ["", "host", "host:", ":1885", "host:x", "host:0"])
def test_anything_else_is_no_broker(text: str) -> None:
    with pytest.raises(BadBroker):
        broker_address(text)
