import pytest

from compose.web.arrival import HEAD_MAX_BYTES, Arrival

BODY_MAX_BYTES = 100
POST = b"POST /v1/reactions HTTP/1.1\r\n"


def arrival_of(*pieces: bytes) -> Arrival:
    arrival = Arrival(BODY_MAX_BYTES)
    for piece in pieces:
        arrival.add(piece)
    return arrival


def one_by_one(data: bytes) -> list[bytes]:
    return [data[n : n + 1] for n in range(len(data))]


@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\n\n", b"\n\r\n"])
def test_the_head_is_whole_with_its_empty_line_however_it_comes(end: bytes) -> None:
    head = b"GET /livez HTTP/1.1\r\nHost: x" + end

    for pieces in ([head], one_by_one(head), [head[:-1], head[-1:]]):
        assert not arrival_of(*pieces[:-1]).is_whole
        assert arrival_of(*pieces).is_whole
        assert arrival_of(*pieces).head == head


@pytest.mark.parametrize(
    "header", [b"Content-Length: 4", b"content-LENGTH:4", b"Content-Length:\t4 "]
)
def test_a_body_is_waited_for_as_long_as_it_is_said_to_be(header: bytes) -> None:
    whole = POST + header + b"\r\n\r\n" + b"body"

    assert not arrival_of(whole[:-1]).is_whole
    assert arrival_of(*one_by_one(whole)).is_whole
    assert arrival_of(whole).split() == (b"body", b"")


def test_what_comes_after_the_body_is_the_next_request() -> None:
    arrival = arrival_of(POST + b"Content-Length: 4\r\n\r\nbodyGET /")

    assert arrival.is_whole
    assert arrival.split() == (b"body", b"GET /")


@pytest.mark.parametrize(
    "headers",
    [
        b"",
        b"Content-Length: 101\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        b"X-Content-Length: 4\r\n",
        b"Content-Length: -4\r\n",
        b"Content-Length: four\r\n",
    ],
)
def test_a_body_that_will_not_be_read_is_not_waited_for(headers: bytes) -> None:
    arrival = arrival_of(POST + headers + b"\r\n")

    assert arrival.is_whole
    assert arrival.body_bytes == 0


def test_a_head_that_does_not_end_is_too_large_at_some_point() -> None:
    assert not arrival_of(b"x" * HEAD_MAX_BYTES).is_too_large
    assert arrival_of(b"x" * HEAD_MAX_BYTES, b"x").is_too_large
    assert arrival_of(b"x" * HEAD_MAX_BYTES + b"\r\n\r\n").is_too_large


def test_a_large_body_makes_no_head_too_large() -> None:
    arrival = Arrival(10 * HEAD_MAX_BYTES)
    arrival.add(POST + b"Content-Length: %d\r\n\r\n" % (9 * HEAD_MAX_BYTES))
    arrival.add(b"x" * 8 * HEAD_MAX_BYTES)

    assert not arrival.is_too_large
    assert not arrival.is_whole


def test_no_more_is_wanted_than_may_belong_to_it() -> None:
    head = POST + b"Content-Length: 4\r\n\r\n"

    assert arrival_of(POST).wanted_bytes == HEAD_MAX_BYTES + 1 - len(POST)
    assert arrival_of(head).wanted_bytes == 4
    assert arrival_of(head + b"bod").wanted_bytes == 1


def test_who_waits_for_an_invitation_gets_one_unless_the_body_is_there() -> None:
    head = POST + b"Content-Length: 4\r\nExpect: 100-Continue\r\n\r\n"

    assert arrival_of(head).is_invited
    assert not arrival_of(head + b"body").is_invited
    assert not arrival_of(POST + b"Content-Length: 4\r\n\r\n").is_invited
    assert not arrival_of(
        POST + b"Content-Length: 101\r\nExpect: 100-continue\r\n\r\n"
    ).is_invited
