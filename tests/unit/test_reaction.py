import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.reaction import Reaction, decode
from ingest.refusal import Label, Refusal, Refused, Rejection

GOOD: dict[str, Any] = {"user_id": "u", "emoji_type": "❤️", "timestamp": 1}

BAD: list[tuple[Any, str]] = [
    (None, "not_an_object"),
    (7, "not_an_object"),
    ("❤️", "not_an_object"),
    ([GOOD], "not_an_object"),
    ({}, "missing_field"),
    ({"user_id": "u", "emoji_type": "❤️"}, "missing_field"),
    (GOOD | {"user_id": ""}, "bad_user_id"),
    (GOOD | {"user_id": "u" * 65}, "bad_user_id"),
    (GOOD | {"user_id": 1}, "bad_user_id"),
    (GOOD | {"user_id": None}, "bad_user_id"),
    (GOOD | {"emoji_type": ""}, "bad_emoji"),
    (GOOD | {"emoji_type": "heart"}, "bad_emoji"),
    (GOOD | {"emoji_type": "❤️❤️"}, "bad_emoji"),
    (GOOD | {"emoji_type": ["❤️"]}, "bad_emoji"),
    (GOOD | {"timestamp": True}, "bad_timestamp"),
    (GOOD | {"timestamp": "1"}, "bad_timestamp"),
    (GOOD | {"timestamp": 1.0}, "bad_timestamp"),
    (GOOD | {"timestamp": -1}, "bad_timestamp"),
    (GOOD | {"timestamp": 2**53}, "bad_timestamp"),
    (GOOD | {"timestamp": 10**30}, "bad_timestamp"),
]

# Lone surrogates too: json.dumps escapes them.
any_text = st.text(st.characters())
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner) | st.dictionaries(any_text, inner),
    max_leaves=8,
)
nearly = st.fixed_dictionaries(dict.fromkeys(GOOD, any_json))

reaction = st.builds(
    Reaction,
    user_id=st.text(min_size=1, max_size=64),
    emoji_type=st.sampled_from(["❤️", "😂", "👩🏽‍🚀", "🏴‍☠️", "1️⃣", "©️"]),
    timestamp=st.integers(0, 2**53 - 1),
)


def refusal(body: bytes) -> Label:
    with pytest.raises(Refused) as caught:
        decode(body)
    return caught.value.refusal


@given(st.lists(reaction, max_size=20))
def test_what_was_encoded_is_decoded(reactions: list[Reaction]) -> None:
    decoded = decode(msgspec.json.encode(reactions))

    assert (list(decoded.accepted), list(decoded.rejected)) == (reactions, [])


@given(any_json | nearly | st.lists(nearly))
def test_any_json_is_decoded_or_refused(content: object) -> None:
    try:
        decode(json.dumps(content).encode())
    except Refused as error:
        assert error.refusal is Refusal.BAD_JSON  # noqa: PT017 - it may also pass


@given(st.binary())
def test_any_bytes_are_decoded_or_refused(body: bytes) -> None:
    try:
        decode(body)
    except Refused as error:
        assert error.refusal is Refusal.BAD_JSON  # noqa: PT017 - it may also pass


@given(st.lists(st.one_of(st.just((GOOD, "")), st.sampled_from(BAD)), max_size=30))
def test_every_bad_element_is_named_by_its_place(
    elements: list[tuple[Any, str]],
) -> None:
    decoded = decode(json.dumps([element for element, _ in elements]).encode())

    assert list(decoded.rejected) == [
        Rejection(index, reason) for index, (_, reason) in enumerate(elements) if reason
    ]
    assert len(decoded.accepted) == sum(not reason for _, reason in elements)


@pytest.mark.parametrize(("element", "reason"), BAD)
def test_a_lone_element_needs_no_array(element: Any, reason: str) -> None:  # noqa: ANN401
    body = json.dumps(element).encode()
    if isinstance(element, list):
        body = b"[" + body + b"]"

    assert list(decode(body).rejected) == [Rejection(0, reason)]


def test_a_lone_reaction_needs_no_array() -> None:
    assert list(decode(json.dumps(GOOD).encode()).accepted) == [Reaction("u", "❤️", 1)]


def test_space_around_the_body_does_no_harm() -> None:
    body = f" \r\n\t[{json.dumps(GOOD)}, 7 ] ".encode()

    assert list(decode(body).rejected) == [Rejection(1, "not_an_object")]


def test_bad_elements_do_not_keep_the_others_from_their_kept_form() -> None:
    body = json.dumps([7, GOOD | {"emoji_type": ":heart:"}]).encode()

    assert list(decode(body).accepted) == [Reaction("u", "❤️", 1)]


def test_other_spellings_become_the_kept_form() -> None:
    spellings = ["❤", "❤️", ":heart:", ":red_heart:"]
    body = json.dumps([GOOD | {"emoji_type": text} for text in spellings]).encode()

    assert list(decode(body).accepted) == [Reaction("u", "❤️", 1)] * 4


def test_a_field_that_nobody_asked_for_is_left_out() -> None:
    body = json.dumps(GOOD | {"password": "x"}).encode()

    assert list(decode(body).accepted) == [Reaction("u", "❤️", 1)]


def test_of_a_doubled_field_the_last_counts() -> None:
    body = '[{"user_id":"u","emoji_type":"x","timestamp":1,"emoji_type":"🔥"},7]'

    assert list(decode(body.encode()).accepted) == [Reaction("u", "🔥", 1)]


def test_an_integer_of_any_length_is_a_bad_timestamp() -> None:
    body = b'{"user_id":"u","emoji_type":"x","timestamp":%s}' % (b"9" * 100_000)

    assert decode(body.replace(b'"x"', '"🔥"'.encode())).rejected == [
        Rejection(0, "bad_timestamp")
    ]


def test_bad_utf_8_spoils_the_element_that_holds_it() -> None:
    body = b'[{"user_id":"\xff","emoji_type":":heart:","timestamp":1},7]'

    assert [rejection.reason for rejection in decode(body).rejected] == [
        "bad_user_id",
        "not_an_object",
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"[",
        b"{}{}",
        b"[{},]",
        b"NaN",
        b"\xff",
        b"\xef\xbb\xbf[]",
        rb'[{"user_id":"\ud800","emoji_type":"x","timestamp":1}]',
        b"[" * 60_000 + b"]" * 60_000,
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    ],
)
def test_what_is_no_json_is_refused_as_a_whole(body: bytes) -> None:
    assert refusal(body) is Refusal.BAD_JSON


@pytest.mark.parametrize("element", [b"7", json.dumps(GOOD).encode()])
def test_more_than_500_are_too_many(element: bytes) -> None:
    def body(count: int) -> bytes:
        return b"[" + b",".join([element] * count) + b"]"

    decoded = decode(body(500))

    assert len(decoded.accepted) + len(decoded.rejected) == 500
    assert refusal(body(501)) is Refusal.TOO_MANY_REACTIONS
