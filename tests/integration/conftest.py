from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from stream.spark import SparkOptions, open_session
from tests.integration.kafka_server import JARS_DIR, KafkaServer, kafka_server


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """One for all tests, each with topics of its own; who ends it starts it again."""
    with kafka_server(tmp_path_factory.mktemp("kafka")) as server:
        yield server


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder, with a space in its name, in which an earlier session was killed."""
    folder = tmp_path_factory.mktemp("spark") / "the scratch"
    folder.mkdir()
    (folder / "left-behind").touch()
    return folder


@pytest.fixture(scope="session")
def spark(scratch: Path) -> Iterator[SparkSession]:
    """One for all tests: whoever uses it only computes."""
    session = open_session(
        SparkOptions(
            master="local[1]",
            driver_memory_mb=512,
            shuffle_partitions=1,
            jars=JARS_DIR.parent / "spark",
            scratch=scratch,
        )
    )
    yield session
    session.stop()
