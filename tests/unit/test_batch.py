import json

from hypothesis import given
from hypothesis import strategies as st

from ingest.batch import Batch, batch_id, is_key
from ingest.reaction import Reaction

rooms = st.text("ab1", min_size=1, max_size=4)
keys = st.text("ab1", min_size=1, max_size=4)
bodies = st.text("ab1", max_size=4).map(str.encode)
posts = st.tuples(rooms, keys, bodies)


@given(posts, posts)
def test_only_the_same_post_has_the_same_id(
    one: tuple[str, str, bytes], other: tuple[str, str, bytes]
) -> None:
    assert (batch_id(*one) == batch_id(*other)) == (one == other)


def test_no_part_of_a_post_runs_into_the_next() -> None:
    text = "room" + "key" + "body"
    posts = [
        (text[:i], text[i:j], text[j:].encode())
        for i in range(1, len(text))
        for j in range(i + 1, len(text) + 1)
    ]

    assert len({batch_id(*post) for post in posts}) == len(posts)


def test_without_a_key_each_post_is_a_batch_of_its_own() -> None:
    assert batch_id("main", None, b"[]") != batch_id("main", None, b"[]")


def test_an_id_does_not_show_the_key() -> None:
    assert "secret" not in batch_id("main", "secret", b"")


def test_a_key_is_1_to_64_printable_ascii_characters() -> None:
    assert all(map(is_key, ["k", "k" * 64, "a key", "~!"]))
    assert not any(map(is_key, ["", "k" * 65, "\n", "k\n", "\x7f", "é", "❤️"]))


def test_a_record_holds_the_reactions_and_their_counts() -> None:
    reactions = [Reaction("u", "❤️", 1), Reaction("v", "🔥", 2), Reaction("w", "❤️", 3)]
    batch = Batch("final", "id", 5, reactions)
    headers = dict(batch.headers())

    assert json.loads(batch.value()) == [
        {"user_id": "u", "emoji_type": "❤️", "timestamp": 1},
        {"user_id": "v", "emoji_type": "🔥", "timestamp": 2},
        {"user_id": "w", "emoji_type": "❤️", "timestamp": 3},
    ]
    assert headers["batch_id"] == "id"
    assert headers["received_at_ms"] == "5"
    assert json.loads(headers["counts"] or "") == {"❤️": 2, "🔥": 1}
