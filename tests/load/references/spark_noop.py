"""Spark reading reactions into nothing, in turn with our counting of the same records.

One session, configured as the product's, reads a topic to its end: once into the noop
sink, once through what the product's query does. The difference is what counting costs.
"""

from contextlib import ExitStack
from pathlib import Path
from typing import Self

from compose.settings import Settings
from tests.load.child import Child, ask
from tests.load.measured import Failed, ReferenceRun
from tests.load.references.kafka_topic import own_topic
from tests.load.references.produce_loop import PER_RECORD, Fill, Filled
from tests.load.references.spark_reading import Read, Reading

_RECORDS_PER_S = 5_000
"""Records made for each second of measuring: both turns together take about as long."""

_WITHIN_S = 180.0


class CountedWrong(Failed):
    """Counting found more or fewer reactions than there are: its speed is no use."""


class SparkNoop:
    """Spark without counting."""

    name = "spark-noop"
    title = "Spark reading the same records into the noop sink"
    unit = "reaction"
    beside_system = True

    def __init__(self, settings: Settings, folder: Path) -> None:
        """Read from the Kafka of the system that runs with these settings.

        Args:
            settings: The system's; the session is configured with the same.
            folder: Where the reference may write.
        """
        self._settings, self._folder = settings, folder / "spark-noop"
        self._stack = ExitStack()
        self._records = 0

    def __enter__(self) -> Self:
        """Create the topic, and start Spark."""
        self._records = 0
        self._topic = self._stack.enter_context(own_topic(self._settings, "spark"))
        own = self._settings.model_copy(update={"state_dir": self._folder})
        child = Child("tests.load.references.spark_reader", own.as_environment())
        self._child = self._stack.enter_context(child)
        return self

    def __exit__(self, *_: object) -> None:
        """End Spark, and delete the topic."""
        self._stack.close()

    def measure(self, seconds: float) -> ReferenceRun:
        """Read all records into nothing, then count all of them.

        The first call decides how many records there are, and takes longer.
        """
        if not self._records:
            self._records = self._fill(int(seconds * _RECORDS_PER_S))
            for is_counted in (False, True):  # classes are loaded, code is compiled
                self._read(is_counted=is_counted)
        noop, ours = self._read(is_counted=False), self._read(is_counted=True)
        reactions = self._records * PER_RECORD
        if ours.reactions != reactions:
            raise CountedWrong(f"{ours.reactions} of {reactions}")
        per_core_s = reactions / (noop.seconds * noop.cores)
        our_per_core_s = reactions / (ours.seconds * ours.cores)
        return ReferenceRun(
            name=self.name,
            unit=self.unit,
            rate_per_s=reactions / noop.seconds,
            cpu_cores=noop.cores,
            per_core_s=per_core_s,
            details={
                "records_per_s": self._records / noop.seconds,
                "reactions_per_record": PER_RECORD,
                "ours_per_s": reactions / ours.seconds,
                "ours_spark_cores": ours.cores,
                "ours_per_core_s": our_per_core_s,
                "ratio_per_core": our_per_core_s / per_core_s,
            },
        )

    def _fill(self, records: int) -> int:
        order = Fill(
            servers=self._settings.bootstrap_servers,
            topic=self._topic,
            linger_ms=self._settings.producer_linger_ms,
            seconds=_WITHIN_S,
            records_max=records,
            warmup_records=0,
            metered={},
        )
        module = "tests.load.references.produce_loop"
        return ask(module, order, Filled, within_s=2 * _WITHIN_S).records

    def _read(self, *, is_counted: bool) -> Read:
        order = Reading(
            topic=self._topic, is_counted=is_counted, scratch=str(self._folder)
        )
        return self._child.ask(order, Read, within_s=_WITHIN_S)
