import json

from hypothesis import given
from hypothesis import strategies as st

from ingest import emoji_table
from ingest.batch import Batch, batch_id, is_key
from ingest.intake import BODY_MAX_BYTES
from ingest.reaction import Reaction, decode
from ingest.topics import RECORD_MAX_BYTES, RECORD_REACTIONS_MAX

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


SPELLINGS = [*emoji_table._TABLE]  # noqa: SLF001 - every one there is
GROWTH_MAX_BYTES = 64


@given(
    st.lists(
        st.builds(
            dict,
            user_id=st.text(min_size=1, max_size=64),
            emoji_type=st.sampled_from(SPELLINGS),
            timestamp=st.integers(0, 2**53 - 1),
        ),
        min_size=1,
        max_size=10,
    )
)
def test_a_value_is_longer_than_its_body_only_by_what_its_emoji_grow(
    reactions: list[dict[str, object]],
) -> None:
    body = json.dumps(reactions, ensure_ascii=False, separators=(",", ":"))
    body_bytes = body.encode(errors="replace")
    decoded = decode(body_bytes)

    value = Batch("final", "id", 1, decoded.accepted).value()

    assert len(value) <= len(body_bytes) + GROWTH_MAX_BYTES * len(reactions)


def test_no_record_of_ingest_is_larger_than_a_record_can_be() -> None:
    growth = (
        len((emoji_table.canonical(text) or "").encode()) - len(text.encode())
        for text in SPELLINGS
    )

    assert max(growth) < GROWTH_MAX_BYTES
    brackets = len("[]")  # an object by itself becomes an array
    largest = BODY_MAX_BYTES + brackets + GROWTH_MAX_BYTES * RECORD_REACTIONS_MAX
    assert largest <= RECORD_MAX_BYTES
