"""How to tell that a process does its work: by using it, not by its port.

Each probe returns False where the answer may still come; it blocks for a few
seconds at most. Containers ask again and again, each time in a process of its own:
what only one kind of probe needs is imported there.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from compose.mqtt_reader import BrokerRefused, Login, read
from ingest.topics import Topic
from mosquitto.config import LOOPBACK
from mosquitto.topic import CONTROL_PULSE, cluster_link, worker_status
from stream.topics import PULSE_KEY

if TYPE_CHECKING:
    from confluent_kafka import Consumer

Probe = Callable[[], bool]

_ANSWER_WITHIN_S = 2.0
_PULSE_WITHIN_S = 3.0
"""A pulse comes every two seconds."""

_QUIET = {"log_level": 0}
"""That it is not there yet is no news: keep librdkafka from saying so."""


def kafka_answers(servers: str) -> bool:
    """Tell whether Kafka knows its brokers and topics."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({"bootstrap.servers": servers, **_QUIET})
    try:
        return bool(admin.list_topics(timeout=_ANSWER_WITHIN_S).brokers)
    except KafkaException:
        return False


def http_answers(url: str) -> bool:
    """Tell whether a GET is answered with 200."""
    import httpx

    from compose.plain_http import get

    try:
        response = get(url, within_s=_ANSWER_WITHIN_S)
    except httpx.HTTPError:
        return False
    return response.status_code == httpx.codes.OK


def broker_takes(port: int, login: Login | None) -> bool:
    """Tell whether a broker lets this user in."""
    try:
        read(port, [], login=login, within_s=_ANSWER_WITHIN_S)
    except BrokerRefused:
        return False
    return True


def cluster_is_linked(
    name: str, *, port: int, main_port: int, login: Login, main_host: str = LOOPBACK
) -> bool:
    """Tell whether a cluster's broker, here, takes anyone and pulls from main."""
    link = cluster_link(name)
    try:
        read(port, [], within_s=_ANSWER_WITHIN_S)
        said = read(
            main_port, [link], login=login, within_s=_ANSWER_WITHIN_S, host=main_host
        )
    except BrokerRefused:
        return False
    return said.get(link) == b"1"


def worker_serves(
    cluster: str, worker: str, *, port: int, login: Login, host: str = LOOPBACK
) -> bool:
    """Tell whether a worker has told its cluster's broker that it lives."""
    status = worker_status(cluster, worker)
    try:
        said = read(port, [status], login=login, within_s=_ANSWER_WITHIN_S, host=host)
    except BrokerRefused:
        return False
    return bool(said.get(status))


def pulse_arrives(port: int, login: Login | None, host: str = LOOPBACK) -> bool:
    """Tell whether the stream's pulse reaches a broker."""
    try:
        topics = [CONTROL_PULSE]
        came = read(
            port,
            topics,
            login=login,
            within_s=_PULSE_WITHIN_S,
            until=bool,
            linger=True,
            host=host,
        )
    except BrokerRefused:
        return False
    return CONTROL_PULSE in came


class PulseInKafka:
    """Whether the stream has written a pulse to Kafka since this was first asked."""

    def __init__(self, servers: str, frames: Topic) -> None:
        self._servers = servers
        self._frames = frames
        self._consumer: Consumer | None = None

    def __call__(self) -> bool:
        """Read on for a moment; tell whether there was one."""
        if self._consumer is None:
            self._consumer = self._open()
        deadline = time.monotonic() + _ANSWER_WITHIN_S
        while time.monotonic() < deadline:
            message = self._consumer.poll(_ANSWER_WITHIN_S)
            if message and message.error() is None and message.key() == PULSE_KEY:
                self._consumer.close()
                return True
        return False

    def _open(self) -> "Consumer":
        from confluent_kafka import OFFSET_END, Consumer, TopicPartition

        consumer = Consumer(
            {
                "bootstrap.servers": self._servers,
                "group.id": "emostream-probe",  # asked for, but no group is joined
                "enable.auto.commit": False,
                **_QUIET,
            }
        )
        partitions = range(self._frames.partitions)
        name = self._frames.name
        consumer.assign([TopicPartition(name, p, OFFSET_END) for p in partitions])
        return consumer
