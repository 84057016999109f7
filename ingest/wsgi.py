"""The app for any WSGI server, wired from the settings."""

import atexit
import os
from functools import partial

from flask import Flask

from compose.settings import Settings
from ingest import metrics
from ingest.app import create_app
from ingest.health import Readiness
from ingest.kafka_sink import KafkaSink, producer_config
from ingest.topics import reactions_name


def create() -> Flask:
    """Build the app and connect it to Kafka: in each worker, after its fork.

    A server of several workers sets `PROMETHEUS_MULTIPROC_DIR` to an empty folder
    before it imports anything, so that `/metrics` shows all of them.

    Raises:
        BadSetting: If a setting cannot be used.
    """
    settings = Settings.load()
    config = producer_config(
        settings.bootstrap_servers, linger_ms=settings.producer_linger_ms
    )
    topic = reactions_name(settings.kafka_topic_prefix)
    # The threads that are left turn away whoever comes while Kafka is slow.
    slots = max(1, settings.web_threads * 7 // 8)
    sink = KafkaSink(config, topic, slots=slots)
    atexit.register(sink.close)
    exposition = partial(metrics.exposition, os.environ.get("PROMETHEUS_MULTIPROC_DIR"))
    return create_app(sink, Readiness(sink.probe), exposition)
