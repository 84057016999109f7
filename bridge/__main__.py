"""Wire the bridge from its settings and run it until it is told to stop."""

import logging
import os
import signal
import sys
import threading

from confluent_kafka import KafkaException
from prometheus_client import start_http_server

import ingest.topics
import stream.topics
from bridge import metrics
from bridge.mqtt_publisher import Login, MqttPublisher
from bridge.relay import Relay
from compose import logs
from compose.credentials import Credentials
from compose.settings import BadSetting, Settings
from ingest.kafka_log import KafkaLog
from ingest.outage import Outage
from ingest.state_log import StateLog
from mosquitto.acl import BRIDGE

log = logging.getLogger("bridge")

_POLL_S = 0.1
"""How soon the loss of main, or being told to stop, is noticed."""


def main() -> int:
    """Run until SIGTERM or SIGINT, or until Kafka refuses for good."""
    try:
        settings = Settings.load()
    except BadSetting as error:
        sys.stderr.write(f"{error}\n")
        return 2
    logs.configure(settings.log_level)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        run(settings, stopping)
    except KafkaException as error:
        log.critical("kafka refuses: %s", error)
        return 1
    return 0


def run(settings: Settings, stopping: threading.Event) -> None:
    """Relay frames and rooms' states until `stopping` is set."""
    start_http_server(settings.bridge_metrics_port, addr=settings.bind_host)
    prefix = settings.kafka_topic_prefix
    frames = KafkaLog(
        settings.bootstrap_servers,
        topic=stream.topics.frames(prefix).name,
        group=f"{prefix}bridge",
        outage=Outage("kafka", metrics.KAFKA_UP),
    )
    states = _states(settings, stopping)
    main_broker = MqttPublisher(_login(settings))
    relay = Relay(frames, states, main_broker)
    while not stopping.is_set():
        relay.step(_POLL_S)
    main_broker.close()
    states.close()
    frames.close()
    log.info("ended")


def _states(settings: Settings, stopping: threading.Event) -> StateLog:
    prefix = settings.kafka_topic_prefix
    records = KafkaLog(
        settings.bootstrap_servers,
        topic=ingest.topics.states(prefix).name,
        group=f"{prefix}bridge-states",  # nothing is committed
        outage=Outage("states", metrics.STATES_UP),
    )
    unreadable = metrics.UNREADABLE.labels("bad_state")
    states = StateLog(records, unreadable, end_process=stopping.set)
    states.start()
    return states


def _login(settings: Settings) -> Login:
    credentials = Credentials.load(settings.state_dir)
    return Login(
        host=settings.main_host,
        port=settings.main_port,
        user=BRIDGE,
        password=credentials.passwords[BRIDGE],
        # Nobody can guess it, and so nobody can throw the bridge off main.
        client_id=f"{BRIDGE}-{credentials.instance}",
    )


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    # librdkafka would wait for the answer to its last commit, and Kafka may be away.
    os._exit(code)
