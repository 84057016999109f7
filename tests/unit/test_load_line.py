import asyncio

import pytest

from clients.crowd.line import Line

ANSWER = (
    b'HTTP/1.1 202 Accepted\r\nServer: x\r\nContent-Length: 15\r\n\r\n{"accepted": 1}'
)


class Wire(asyncio.Transport):
    """A connection that remembers what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_cut = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def abort(self) -> None:
        self.is_cut = True


class Exchange:
    """A request that remembers what it was told."""

    request = b"POST / HTTP/1.1\r\n\r\n"

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def sent(self) -> None:
        self.told.append(("sent",))

    def answered(self, status: int, body: bytes, after_s: float = 0) -> None:
        self.told.append((status, body, after_s) if after_s else (status, body))

    def unanswered(self) -> None:
        self.told.append(("none",))


class Owner:
    """Counts how often its line was free, or lost."""

    def __init__(self) -> None:
        self.free = self.lost = 0

    def on_free(self, _: Line) -> None:
        self.free += 1

    def on_lost(self, _: Line) -> None:
        self.lost += 1


@pytest.fixture
def owner() -> Owner:
    return Owner()


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


@pytest.fixture
def line(owner: Owner, wire: Wire, exchange: Exchange) -> Line:
    line = Line(owner.on_free, owner.on_lost)
    line.connection_made(wire)
    line.post(exchange)
    return line


def test_a_request_is_written_whole_and_the_line_is_busy(
    line: Line, wire: Wire, exchange: Exchange, owner: Owner
) -> None:
    assert wire.written == exchange.request
    assert exchange.told == [("sent",)]
    assert line.is_busy
    assert owner.free == 1  # when it was made


@pytest.mark.parametrize("cut", [1, 12, 30, 58, 62, len(ANSWER)])
def test_an_answer_may_come_in_pieces(
    line: Line, exchange: Exchange, owner: Owner, cut: int
) -> None:
    line.data_received(ANSWER[:cut])
    if cut < len(ANSWER):
        assert len(exchange.told) == 1
        line.data_received(ANSWER[cut:])

    assert exchange.told[1:] == [(202, b'{"accepted": 1}')]
    assert owner.free == 2


def test_a_line_that_the_server_closes_takes_nothing_more(
    line: Line, exchange: Exchange, wire: Wire, owner: Owner
) -> None:
    line.data_received(ANSWER.replace(b"Server: x", b"Connection: close"))

    assert exchange.told[1][0] == 202
    assert wire.is_cut
    assert owner.free == 1


def test_a_lost_connection_leaves_its_request_unanswered_once(
    line: Line, exchange: Exchange, owner: Owner
) -> None:
    line.connection_lost(None)

    assert exchange.told == [("sent",), ("none",)]
    assert owner.lost == 1


def test_a_connection_lost_after_its_answer_takes_nothing_back(
    line: Line, exchange: Exchange
) -> None:
    line.data_received(ANSWER)
    line.connection_lost(None)

    assert exchange.told[1:] == [(202, b'{"accepted": 1}')]


def test_an_answer_says_for_how_long_to_leave_the_server_alone(
    line: Line, exchange: Exchange
) -> None:
    line.data_received(ANSWER.replace(b"Server: x", b"Retry-After: 3"))

    assert exchange.told[1:] == [(202, b'{"accepted": 1}', 3)]
