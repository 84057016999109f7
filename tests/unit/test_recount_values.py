"""What a recount reads out of a record's value."""

import json

import pytest

from stream.recount.values import counts_in


def value(*elements: object) -> bytes:
    return json.dumps(elements, ensure_ascii=False).encode()


def heart(emoji: object = "❤️") -> dict[str, object]:
    return {"user_id": "u", "emoji_type": emoji, "timestamp": 1}


def test_each_emoji_is_added_up() -> None:
    found = counts_in(value(heart(), heart("🔥"), heart()))

    assert dict(found) == {"❤️": 2, "🔥": 1}


def test_a_worker_hands_over_a_bytearray() -> None:
    assert counts_in(bytearray(value(heart()))) == [("❤️", 1)]


@pytest.mark.parametrize("strange", [5, None, [], {}, heart(5), heart(None)])
def test_an_element_that_names_no_emoji_is_one_and_spoils_no_other(
    strange: object,
) -> None:
    found = counts_in(value(heart(), strange, heart()))

    assert dict(found) == {"❤️": 2, None: 1}


@pytest.mark.parametrize("text", ["", 'a"', "\\", "\n", "a" * 65, "❤️" * 11])
def test_text_that_is_no_emoji_is_unreadable(text: str) -> None:
    found = counts_in(value(heart(text), heart("a" * 64), heart(text)))

    assert dict(found) == {"a" * 64: 1, None: 2}


@pytest.mark.parametrize(
    "raw",
    [
        None,
        b"",
        b"{",
        b"{}",
        b"null",
        b'[{"emoji_type":"a"}',
        b"[" * 100_000,
        b'[{"user_id":"\xff","emoji_type":"a"}]',
    ],
)
def test_a_value_that_is_no_array_in_utf_8_is_one_unreadable(raw: bytes | None) -> None:
    assert counts_in(raw) == [(None, 1)]


def test_an_array_of_nothing_holds_nothing() -> None:
    assert counts_in(b"[]") == []
