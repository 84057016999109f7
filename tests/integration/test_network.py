"""What a public host opens, and that the rest stays closed: another loopback address
stands for one on a network.
"""

import errno
import socket
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest

from compose.ports import PortsTaken, Wanted, check, holder
from tests.integration.broker import Brokers, brokers
from tests.integration.mqtt_peer import Peer
from tests.integration.processes import LOOPBACK, wait_until
from tests.integration.web_process import Web, running

OTHER = "127.0.0.2"
REFUSED = errno.ECONNREFUSED


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    folder = tmp_path_factory.mktemp("web")
    with running(
        folder, PUBLIC_HOST=OTHER, ALLOWED_ORIGINS="https://friend.example"
    ) as web:
        yield web


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    folder = tmp_path_factory.mktemp("brokers")
    with brokers(folder, clusters=1, public_host=OTHER) as opened:
        yield opened


def outcome(address: str, port: int) -> int:
    """Return what connecting there comes to; 0: somebody listens."""
    with socket.socket() as probe:
        return probe.connect_ex((address, port))


def listens(address: str, port: int) -> bool:
    return outcome(address, port) == 0


def listening(pid: int) -> set[tuple[str, int]]:
    """Return where a process and its children listen."""
    process = psutil.Process(pid)
    return {
        (one.laddr.ip, one.laddr.port)
        for each in (process, *process.children(recursive=True))
        for one in each.net_connections()
        if one.status == psutil.CONN_LISTEN
    }


def test_http_is_served_at_the_public_host_and_on_loopback_and_nowhere_else(
    web: Web,
) -> None:
    for address in (OTHER, LOOPBACK):
        answer = httpx.get(f"http://{address}:{web.port}/livez", trust_env=False)
        assert answer.status_code == 200

    assert outcome("127.0.0.3", web.port) == REFUSED
    assert listening(web.process.pid) == {(OTHER, web.port), (LOOPBACK, web.port)}


def test_metrics_are_not_shown_at_the_public_host(web: Web) -> None:
    statuses = {
        address: httpx.get(
            f"http://{address}:{web.port}/metrics",
            headers={"Host": "localhost"},
            trust_env=False,
        ).status_code
        for address in (OTHER, LOOPBACK)
    }

    assert statuses == {OTHER: 404, LOOPBACK: 200}


def test_a_preflight_is_answered_by_the_server_too(web: Web) -> None:
    with web.client() as client:
        answer = client.options(
            "/v1/reactions",
            headers={
                "Origin": "https://friend.example",
                "Access-Control-Request-Method": "POST",
            },
        )

    assert answer.status_code == 204
    allowed = answer.headers["Access-Control-Allow-Origin"]
    assert allowed == "https://friend.example"


def test_a_broker_takes_websockets_there_and_mqtt_on_loopback_alone(
    opened: Brokers,
) -> None:
    port = opened.settings.cluster_ws_port
    for address in (OTHER, LOOPBACK):
        wait_until(partial(listens, address, port), within_s=20, what="WebSockets")
        with Peer(port, transport="websockets", host=address):
            pass  # it was let in

    assert outcome(OTHER, opened.settings.cluster_port) == REFUSED
    assert listening(opened.clusters[0].pid) == {
        (LOOPBACK, opened.settings.cluster_port),
        (LOOPBACK, port),
        (OTHER, port),
    }


def test_main_is_on_loopback_alone(opened: Brokers) -> None:
    assert listening(opened.main.pid) == {(LOOPBACK, opened.settings.main_port)}


def test_a_port_that_somebody_has_at_the_public_host_is_told_before_the_start() -> None:
    with socket.socket() as other:
        other.bind((OTHER, 0))
        other.listen()
        port = other.getsockname()[1]
        wanted = [Wanted(port, "web", "EMOSTREAM_HTTP_PORT", OTHER)]

        with pytest.raises(PortsTaken, match=f"{port} .web. is in use at {OTHER} by"):
            check(wanted)
        check([replace(wanted[0], host="")])


def test_who_listens_on_loopback_as_java_does_is_named() -> None:
    with socket.socket(socket.AF_INET6) as other:
        other.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        other.bind((f"::ffff:{LOOPBACK}", 0))
        other.listen()

        found = holder(other.getsockname()[1])

    assert found


def test_a_web_process_ends_at_once_where_the_public_host_is_no_address_of_ours(
    tmp_path: Path,
) -> None:
    web = Web(tmp_path, PUBLIC_HOST="203.0.113.7")

    assert web.process.wait(60) != 0
    assert "EMOSTREAM_PUBLIC_HOST=203.0.113.7 is no address" in web.log.read_text()
