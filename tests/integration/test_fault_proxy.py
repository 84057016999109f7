"""The proxy that harms links in the trials, against real sockets."""

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer

import pytest

from tests.faults.proxied import Address
from tests.faults.proxy import Proxy, proxy
from tests.integration.processes import LOOPBACK, free_port, wait_until

SOON_S = 30
DELAY_S = 0.3
LONG = bytes(range(256)) * 40_000


class _Echo(BaseRequestHandler):
    def handle(self) -> None:
        with suppress(ConnectionResetError):
            while data := self.request.recv(65536):
                self.request.sendall(data)


class _EchoServer(ThreadingTCPServer):
    daemon_threads = True


@pytest.fixture
def target() -> Iterator[Address]:
    """Who sends back all that comes, and closes when the other end does."""
    with _EchoServer((LOOPBACK, 0), _Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield LOOPBACK, server.socket.getsockname()[1]
        finally:
            server.shutdown()
            thread.join()


class Through:
    """A proxy, and who connects to it."""

    def __init__(self, running: Proxy, address: Address) -> None:
        self.proxy, self.address = running, address

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, SOON_S)


@pytest.fixture
def through(target: Address) -> Iterator[Through]:
    with running(target) as made:
        yield made


@contextmanager
def running(target: Address) -> Iterator[Through]:
    address = LOOPBACK, free_port()
    with proxy(address, target) as made:
        yield Through(made, address)


def received(connection: socket.socket, count: int | None = None) -> bytes:
    """Return the next `count` bytes, or all until the end."""
    data = b""
    while count is None or len(data) < count:
        more = connection.recv(65536)
        if not more:
            break
        data += more
    return data


def is_silent(connection: socket.socket) -> bool:
    """Tell whether for a moment neither bytes come nor the end."""
    connection.settimeout(0.3)
    try:
        connection.recv(1)
    except TimeoutError:
        return True
    else:
        return False
    finally:
        connection.settimeout(SOON_S)


def test_everything_arrives_both_ways_to_the_last_byte(through: Through) -> None:
    with through.connect() as connection, ExitStack() as sending:
        thread = threading.Thread(target=connection.sendall, args=(LONG,))
        thread.start()
        sending.callback(thread.join)

        assert received(connection, len(LONG)) == LONG
        connection.shutdown(socket.SHUT_WR)
        assert received(connection) == b""


def test_what_is_cut_is_reset_and_refused_until_it_is_healed(through: Through) -> None:
    with through.connect() as connection:
        connection.sendall(b"one")
        received(connection, 3)

        through.proxy.cut()

        with pytest.raises(ConnectionResetError):
            connection.recv(1)
        with pytest.raises(ConnectionRefusedError):
            through.connect()
    through.proxy.heal()
    with through.connect() as connection:
        connection.sendall(b"two")
        assert received(connection, 3) == b"two"


def test_a_silent_link_takes_all_and_brings_it_late(through: Through) -> None:
    with through.connect() as old:
        old.sendall(b"one")
        received(old, 3)

        through.proxy.fall_silent()
        old.sendall(b"two")
        with through.connect() as new:
            new.sendall(b"three")
            assert is_silent(old)
            assert is_silent(new)

            through.proxy.heal()
            assert received(old, 3) == b"two"
            assert received(new, 5) == b"three"


def test_a_silent_link_does_not_tell_that_an_end_has_closed(through: Through) -> None:
    with through.connect() as connection:
        connection.sendall(b"one")
        received(connection, 3)

        through.proxy.fall_silent()
        connection.shutdown(socket.SHUT_WR)
        assert is_silent(connection)

        through.proxy.heal()
        assert received(connection) == b""


def test_a_slow_link_brings_everything_later_and_in_order(through: Through) -> None:
    through.proxy.delay(DELAY_S)
    with through.connect() as connection:
        began_s = time.monotonic()
        for number in range(10):
            connection.sendall(b"%d" % number)
            time.sleep(0.01)

        assert received(connection, 1) == b"0"
        assert time.monotonic() - began_s >= 2 * DELAY_S
        through.proxy.heal()
        assert received(connection, 9) == b"123456789"


@pytest.mark.parametrize(("share", "reset"), [(1.0, 4), (0.0, 0)])
def test_the_share_of_connections_is_reset(
    through: Through, share: float, reset: int
) -> None:
    with ExitStack() as opened:
        connections = [opened.enter_context(through.connect()) for _ in range(4)]
        for connection in connections:
            connection.sendall(b"one")
            received(connection, 3)

        through.proxy.reset_some(share, random.Random(8))
        wait_until(
            lambda: through.proxy.resets == reset, within_s=SOON_S, what="resets"
        )
        assert through.proxy.connections == 4 - reset
        if not reset:
            assert all(map(is_silent, connections))
            return
        for connection in connections:
            with pytest.raises(ConnectionResetError):
                connection.recv(1)


def test_who_comes_for_a_target_that_is_away_is_let_go() -> None:
    with (
        running((LOOPBACK, free_port())) as made,
        pytest.raises(ConnectionResetError),  # of `connect` too: it may come as soon
        made.connect() as connection,
    ):
        connection.recv(1)


def test_nothing_is_left_open_at_the_end(target: Address) -> None:
    with running(target) as made:
        connection = made.connect()
        connection.sendall(b"one")
        received(connection, 3)
    with connection, pytest.raises(ConnectionResetError):
        connection.recv(1)
    with pytest.raises(ConnectionRefusedError):
        made.connect()


def test_nobody_gets_through_a_silent_link() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        server.settimeout(0.3)
        with running(server.getsockname()) as made:
            made.proxy.fall_silent()
            with made.connect():
                with pytest.raises(TimeoutError):
                    server.accept()

                made.proxy.heal()
                server.settimeout(SOON_S)
                server.accept()[0].close()
