"""What a part holds is its own: not what its clients have open."""

import os
import socket
from contextlib import ExitStack, closing

from tests.faults.health import use_by
from tests.integration.processes import wait_until

CLIENTS = 20
SOON_S = 10


def test_connections_that_clients_hold_are_not_counted_but_those_that_they_left() -> (
    None
):
    def handles() -> int:
        return use_by({"here": os.getpid()})["here"].handles

    def wait_for(count: int) -> None:
        """While others come and go, the kernel's list of connections has gaps."""
        wait_until(lambda: handles() == count, within_s=SOON_S, what=f"{count} handles")

    with ExitStack() as opened, socket.create_server(("127.0.0.1", 0)) as server:
        before = handles()
        clients, accepted = [], []
        for _ in range(CLIENTS):
            client = socket.create_connection(server.getsockname())
            clients.append(opened.enter_context(closing(client)))
            accepted.append(opened.enter_context(closing(server.accept()[0])))
        wait_for(before + len(clients))  # its own ends of them

        for client in clients:
            client.close()
        for connection in accepted:
            assert connection.recv(1) == b""  # the kernel knows of it
        wait_for(before + len(accepted))
