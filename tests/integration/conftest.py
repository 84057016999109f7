from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from stream.spark import SparkOptions, open_session
from tests.integration.kafka_server import JARS_DIR


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    session = open_session(
        SparkOptions(
            master="local[1]",
            driver_memory_mb=512,
            shuffle_partitions=1,
            jars=JARS_DIR.parent / "spark",
            scratch=tmp_path_factory.mktemp("spark"),
        )
    )
    yield session
    session.stop()
