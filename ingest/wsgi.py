"""The app for any WSGI server, wired from the settings."""

import atexit
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from confluent_kafka import Producer
from flask import Flask

from compose import network, origins
from compose.credentials import Credentials
from compose.settings import Settings
from ingest import metrics, openapi, state_writer, teller
from ingest.account import Account
from ingest.answer import Document
from ingest.app import create_app
from ingest.guard import Common
from ingest.health import Readiness
from ingest.host_link import HostLinks
from ingest.kafka_log import KafkaLog
from ingest.kafka_sink import KafkaSink, producer_config
from ingest.limits import AddressLimits, Rate
from ingest.outage import Outage
from ingest.rooms import Hosting
from ingest.state_log import StateLog
from ingest.state_writer import StateWriter
from ingest.teller import Teller
from ingest.topics import intake, reactions_name, states

READ_WITHIN_S = 1.0
"""How long a worker that starts waits to know what rooms take, ahead of any answer."""


@dataclass(frozen=True, slots=True)
class Connected:
    """What the app does its work with, connected to Kafka.

    Attributes:
        sink: Where reactions go.
        account: What is said of them in the ledger.
        hosting: Decides on what rooms take.
    """

    sink: KafkaSink
    account: Account
    hosting: Hosting

    def app(self, common: Common) -> Flask:
        """Return the app."""
        return create_app(self.sink, common, self.account, self.hosting)

    def problem(self) -> str | None:
        """Return why reactions cannot be stored, None if they can."""
        return self.sink.probe() or self.hosting.states.problem()


def create() -> Flask:
    """Build the app and connect it to Kafka: in each worker, after its fork.

    A server of several workers sets `PROMETHEUS_MULTIPROC_DIR` to an empty folder
    before it imports anything, so that `/metrics` shows all of them.

    Raises:
        BadSetting: If a setting cannot be used.
    """
    settings = Settings.load()
    connected = connect(settings)
    shared = common(settings, openapi.document(), connected.problem)
    return connected.app(shared)


def common(
    settings: Settings, document: Document, probe: Callable[[], str | None]
) -> Common:
    """Return what the apps of this server share.

    Args:
        settings: What was chosen.
        document: What they show as theirs.
        probe: Says why the server should be sent nothing, None if it should.
    """
    shared_dir = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    _, *public = network.listened(settings.public_host, settings.bind_host)
    return Common(
        Readiness(probe),
        partial(metrics.exposition, shared_dir),
        document,
        AddressLimits(
            Rate(settings.address_requests_per_s, settings.address_burst),
            Rate(settings.loopback_requests_per_s, settings.loopback_requests_per_s),
        ),
        settings.web_proxies,
        origins.split(settings.allowed_origins),
        public[0] if public else "",
    )


def connect(settings: Settings) -> Connected:
    """Begin to send to Kafka, and to read what rooms take, until the process ends."""
    # Registered ahead of the sink, so it is closed after it: with all outcomes known.
    account = _told(settings)
    config = producer_config(
        settings.bootstrap_servers, linger_ms=settings.producer_linger_ms
    )
    topic = reactions_name(settings.kafka_topic_prefix)
    sink = KafkaSink(config, topic)
    atexit.register(sink.close)
    return Connected(sink, account, _hosting(settings))


def _told(settings: Settings) -> Account:
    account = Account()
    producer = Producer(teller.producer_config(settings.bootstrap_servers))
    telling = Teller(account, producer, intake(settings.kafka_topic_prefix).name)
    telling.start()
    atexit.register(telling.close)
    return account


def _hosting(settings: Settings) -> Hosting:
    servers, prefix = settings.bootstrap_servers, settings.kafka_topic_prefix
    topic = states(prefix).name
    read = StateLog(
        KafkaLog(
            servers,
            topic=topic,
            group=f"{prefix}ingest",  # nothing is committed
            outage=Outage("states", metrics.STATES_UP),
        ),
        metrics.STATES_UNREADABLE,
    )
    read.start()
    atexit.register(read.close)
    # A worker that is started again takes no connection before; without Kafka it does.
    read.wait_read(READ_WITHIN_S)
    producer = Producer(state_writer.producer_config(servers))
    links = HostLinks(_host_secret(settings))
    return Hosting(read, StateWriter(producer, topic, read), links)


def _host_secret(settings: Settings) -> str:
    """Return what signs the hosts' links; empty where no `up` has made it yet."""
    try:
        return Credentials.load(settings.state_dir).host
    except FileNotFoundError:
        return ""
