from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from stream.spark import SparkOptions, open_session
from tests.integration.kafka_server import JARS_DIR


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder, with a space in its name, in which an earlier session was killed."""
    folder = tmp_path_factory.mktemp("spark") / "the scratch"
    folder.mkdir()
    (folder / "left-behind").touch()
    return folder


@pytest.fixture(scope="module")
def spark(scratch: Path) -> Iterator[SparkSession]:
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
