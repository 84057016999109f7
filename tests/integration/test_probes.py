"""The probes, asked about real brokers and about nobody."""

from collections.abc import Iterator
from functools import partial

import pytest

from compose import probes
from compose.mqtt_reader import BrokerRefused, Login, read
from mosquitto.acl import OPERATOR
from mosquitto.topic import CONTROL_PULSE, cluster_link
from tests.integration.broker import Brokers, brokers
from tests.integration.processes import free_port, wait_until


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    with brokers(tmp_path_factory.mktemp("brokers"), clusters=1) as running:
        yield running


def operator(edge: Brokers) -> Login:
    return Login(OPERATOR, edge.credentials.passwords[OPERATOR])


def test_the_main_broker_takes_the_operator_and_no_stranger(edge: Brokers) -> None:
    assert probes.broker_takes(edge.main.port, operator(edge))
    assert not probes.broker_takes(edge.main.port, None)
    assert not probes.broker_takes(edge.main.port, Login(OPERATOR, "wrong"))


def test_a_cluster_is_ready_once_its_link_stands(edge: Brokers) -> None:
    linked = partial(
        probes.cluster_is_linked, main_port=edge.main.port, login=operator(edge)
    )
    (port,) = [cluster.port for cluster in edge.clusters]

    wait_until(
        lambda: linked("cluster-1", port=port),
        within_s=30,
        what="the link",
    )

    assert not linked("cluster-2", port=port)
    assert not linked("cluster-1", port=free_port())


def test_what_is_retained_is_read_without_waiting_for_more(edge: Brokers) -> None:
    link = cluster_link("cluster-1")
    seen = partial(read, edge.main.port, [link], login=operator(edge))

    wait_until(lambda: link in seen(within_s=60), within_s=30, what="the link")

    assert seen(within_s=600)[link] == b"1"


def test_where_no_pulse_comes_the_bridge_is_not_ready(edge: Brokers) -> None:
    assert not probes.pulse_arrives(edge.main.port, operator(edge))


def test_nobody_listens_is_not_ready() -> None:
    port = free_port()

    assert not probes.broker_takes(port, None)
    assert not probes.pulse_arrives(port, None)
    assert not probes.http_answers(f"http://127.0.0.1:{port}/readyz")
    assert not probes.kafka_answers(f"127.0.0.1:{port}")
    with pytest.raises(BrokerRefused, match=str(port)):
        read(port, [CONTROL_PULSE], within_s=1)
