import pytest

from stream.known import batch_of


def test_a_batch_is_known_by_its_room_and_id() -> None:
    assert batch_of(b"final", [("counts", b"{}"), ("batch_id", b"id")]) == (
        "final",
        "id",
    )


def test_of_doubled_headers_the_first_counts() -> None:
    assert batch_of("final", [("batch_id", "a"), ("batch_id", "b")]) == ("final", "a")


@pytest.mark.parametrize("key", [None, b"", b"\xff"])
def test_a_record_of_no_room_is_of_no_batch(key: bytes | None) -> None:
    assert batch_of(key, [("batch_id", b"id")]) is None


@pytest.mark.parametrize(
    "headers",
    [
        None,
        [],
        [("other", b"id")],
        [("batch_id", None)],
        [("batch_id", b"")],
        [("batch_id", b"\xff")],
        [("batch_id", None), ("batch_id", b"id")],
    ],
)
def test_a_record_without_an_id_that_can_be_read_is_of_no_batch(
    headers: list[tuple[str, str | bytes | None]] | None,
) -> None:
    assert batch_of(b"final", headers) is None
