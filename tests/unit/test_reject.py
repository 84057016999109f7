import json

import pytest

from compose.reject_lines import json_line, text_line
from stream.reject import Reason, Reject

HEADERS: dict[str, bytes | None] = {
    "reason": b"bad_json",
    "topic": b"reactions",
    "partition": b"1",
    "offset": b"1234",
    "appended_ms": b"1795226379412",
    "counted": b"0",
}


def reject(
    value: bytes | None = b"{", key: bytes | None = b"final", **headers: bytes
) -> Reject:
    return Reject.read(key, value, [*(HEADERS | headers).items()])


def test_a_reject_says_where_it_came_from_and_why() -> None:
    read = reject()

    assert read.reason is Reason.BAD_JSON
    assert (read.topic, read.partition, read.offset) == ("reactions", 1, 1234)
    assert (read.key, read.value, read.counted) == (b"final", b"{", 0)
    assert read.cut_from_bytes is None
    assert reject(cut=b"999").cut_from_bytes == 999


@pytest.mark.parametrize("name", HEADERS)
def test_a_record_that_lacks_a_header_is_no_reject(name: str) -> None:
    headers = [pair for pair in HEADERS.items() if pair[0] != name]

    with pytest.raises(ValueError, match=name):
        Reject.read(b"final", b"{", headers)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("reason", b"because"),
        ("partition", b""),
        ("offset", b"\xff"),
        ("appended_ms", b"-1"),
        ("appended_ms", b"253402300800000"),
        ("counted", b"many"),
    ],
)
def test_a_record_that_the_stream_did_not_write_is_no_reject(
    name: str, value: bytes
) -> None:
    with pytest.raises(ValueError, match=r"."):
        reject(**{name: value})


def test_a_reject_is_one_line_of_words() -> None:
    assert text_line(reject()) == (
        "2026-11-21T01:59:39.412Z room='final' reason=bad_json at=1/1234 counted=0"
        " value='{'"
    )


def test_a_missing_key_or_value_reads_null() -> None:
    line = text_line(reject(None, None))

    assert "room=null " in line
    assert line.endswith("value=null")


@pytest.mark.parametrize(
    "evil",
    [
        b"\x1b]0;owned\x07",
        b"a\nroom='b'\r\x08",
        "\x9b31m".encode(),
        "\u202e\u2066".encode(),
        "\u2028".encode(),
        b"\xff\x1b[2J",
    ],
)
def test_nothing_in_a_line_moves_a_terminal(evil: bytes) -> None:
    shown = reject(evil, evil)

    assert text_line(shown).isprintable()
    assert json_line(shown).isascii()
    assert json_line(shown).isprintable()


def test_emoji_stay_what_they_are() -> None:
    assert text_line(reject("❤️😂".encode())).endswith("value='❤️😂'")


def test_of_a_long_value_the_beginning_is_shown() -> None:
    assert text_line(reject(b"x" * 61)).endswith(f"value='{'x' * 60}'…")
    assert text_line(reject(b"x" * 60)).endswith(f"value='{'x' * 60}'")
    assert text_line(reject(b"\xff" * 61)).endswith("\\xff'…")


def test_a_program_gets_all_of_a_value() -> None:
    text, raw = reject(b"x" * 999), reject(b"\xff" * 3, key=None)

    assert json.loads(json_line(text))["value"] == "x" * 999
    assert json.loads(json_line(raw)) == {
        "time": "2026-11-21T01:59:39.412Z",
        "room": None,
        "reason": "bad_json",
        "topic": "reactions",
        "partition": 1,
        "offset": 1234,
        "counted": 0,
        "value_base64": "////",
        "cut_from_bytes": None,
    }
