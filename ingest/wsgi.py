"""The app for any WSGI server, wired from the settings."""

import atexit
import os
from collections.abc import Callable
from functools import partial

from confluent_kafka import Producer
from flask import Flask

from compose.settings import Settings
from ingest import metrics, openapi, teller
from ingest.account import Account
from ingest.answer import Document
from ingest.app import create_app
from ingest.guard import Common
from ingest.health import Readiness
from ingest.kafka_sink import KafkaSink, producer_config
from ingest.limits import AddressLimits, Rate
from ingest.teller import Teller
from ingest.topics import intake, reactions_name


def create() -> Flask:
    """Build the app and connect it to Kafka: in each worker, after its fork.

    A server of several workers sets `PROMETHEUS_MULTIPROC_DIR` to an empty folder
    before it imports anything, so that `/metrics` shows all of them.

    Raises:
        BadSetting: If a setting cannot be used.
    """
    settings = Settings.load()
    sink, account = connect(settings)
    return create_app(sink, common(settings, openapi.document(), sink.probe), account)


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
    return Common(
        Readiness(probe),
        partial(metrics.exposition, shared_dir),
        document,
        AddressLimits(
            Rate(settings.address_requests_per_s, settings.address_burst),
            Rate(settings.loopback_requests_per_s, settings.loopback_requests_per_s),
        ),
        settings.web_proxies,
    )


def connect(settings: Settings) -> tuple[KafkaSink, Account]:
    """Begin to send to Kafka, until the process ends.

    Returns:
        Where reactions go, and what is said of them in the ledger.
    """
    # Registered ahead of the sink, so it is closed after it: with all outcomes known.
    account = _told(settings)
    config = producer_config(
        settings.bootstrap_servers, linger_ms=settings.producer_linger_ms
    )
    topic = reactions_name(settings.kafka_topic_prefix)
    sink = KafkaSink(config, topic)
    atexit.register(sink.close)
    return sink, account


def _told(settings: Settings) -> Account:
    account = Account()
    producer = Producer(teller.producer_config(settings.bootstrap_servers))
    telling = Teller(account, producer, intake(settings.kafka_topic_prefix).name)
    telling.start()
    atexit.register(telling.close)
    return account
