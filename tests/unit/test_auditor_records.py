import msgspec
import pytest

from stream.auditor.records import Headers, Posted, read

KEY = b"final"
ID: Headers = [("batch_id", "b1"), ("counts", b'{"x":99}')]


def test_a_record_holds_what_its_value_says_whatever_the_header_counts() -> None:
    value = b'[{"emoji_type":"a"},{"emoji_type":"b","user_id":"u","timestamp":1}]'

    assert read(KEY, value, ID) == Posted("final", "b1", 2, 0)


@pytest.mark.parametrize(
    "element",
    [
        b"7",
        b"null",
        b"{}",
        b'{"emoji_type":null}',
        b'{"emoji_type":""}',
        b'{"emoji_type":5}',
        b'{"emoji_type":"a\\"b"}',
        b'{"emoji_type":"a\\\\b"}',
        b'{"emoji_type":"a\\u0001"}',
        b'{"emoji_type":"%s"}' % (b"x" * 65),
        b'{"emoji_type":"%s"}' % ("é" * 33).encode(),
    ],
)
def test_what_is_no_reaction_is_one_unreadable_among_the_others(element: bytes) -> None:
    value = b'[{"emoji_type":"a"},' + element + b',{"emoji_type":"a"}]'

    assert read(KEY, value, ID) == Posted("final", "b1", 2, 1)


def test_the_longest_emoji_has_64_bytes() -> None:
    value = b'[{"emoji_type":"%s"}]' % ("é" * 32).encode()

    assert read(KEY, value, ID) == Posted("final", "b1", 1, 0)


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"{}",
        b'{"emoji_type":"a"}',
        b'[{"emoji_type":"a"}',
        b'[7,{"emoji_type":"a"}',
        b'[{"emoji_type":"\xff"}]',
        b"[" * 5000,
        b"[7" + b"," + b"[" * 5000,
        b'[{"emoji_type":"a"}' + b" " * 256 * 1024 + b"]",
    ],
)
def test_a_value_that_says_nothing_is_one_unreadable_reaction(
    value: bytes | None,
) -> None:
    assert read(KEY, value, ID) == Posted("final", None, 0, 1)


def test_however_many_reactions_fit_into_a_record_are_counted() -> None:
    """Only ingest's are 500 at most; the stream counts what anybody writes."""
    value = msgspec.json.encode([{"emoji_type": "a"}] * 5000)

    assert read(KEY, value, ID) == Posted("final", "b1", 5000, 0)


@pytest.mark.parametrize("key", [None, b"", b"-x", b"UP", b"\xff", b"a\n"])
def test_what_belongs_to_no_room_is_one_unreadable_reaction(key: bytes | None) -> None:
    assert read(key, b'[{"emoji_type":"a"}]', ID) == Posted("-", None, 0, 1)


@pytest.mark.parametrize(
    "headers",
    [
        None,
        [],
        [("batch_id", None)],
        [("batch_id", b"")],
        [("batch_id", "")],
        [("batch_id", b"\xff")],
        [("batch_id", b""), ("batch_id", b"b1")],
    ],
)
def test_without_an_id_nothing_is_a_repeat(
    headers: Headers | None,
) -> None:
    assert read(KEY, b'[{"emoji_type":"a"}]', headers).batch is None


def test_of_two_ids_the_first_counts() -> None:
    headers: Headers = [
        ("batch_id", b"b1"),
        ("batch_id", b"b2"),
    ]

    assert read(KEY, b'[{"emoji_type":"a"}]', headers).batch == "b1"
