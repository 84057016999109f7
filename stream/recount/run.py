"""Runs a recount in a Spark session of its own, beside whatever else runs."""

import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

from stream.recount.claims import Offsets
from stream.recount.job import Part, recounted
from stream.recount.reading import Kept, kept_records
from stream.recount.tally import Row
from stream.spark import SparkOptions, open_session


class NotRecounted(Exception):
    """Spark could not do it; the text says why."""


@dataclass(frozen=True, slots=True)
class Below:
    """Asks for what lies below offsets at which the stream began to read."""

    offsets: Offsets

    def part(self) -> Part:
        """Return it for Spark."""
        return Part.below(self.offsets)


@dataclass(frozen=True, slots=True)
class Between:
    """Asks for what was stored in a time, the end left out."""

    from_ms: int
    to_ms: int

    def part(self) -> Part:
        """Return it for Spark."""
        return Part.between(self.from_ms, self.to_ms)


def run(
    options: SparkOptions,
    kept: Kept,
    room: str,
    asked: Below | Between,
    *,
    dedupe_s: int,
) -> tuple[Sequence[Row], float]:
    """Recount one room.

    Returns:
        What was found, and how many seconds that took once Spark was there.

    Raises:
        NotRecounted: If Spark's jars are not there, or it failed.
    """
    try:
        with _quiet_stderr():
            spark = open_session(options)
    except (FileNotFoundError, PySparkException) as error:
        raise NotRecounted(f"Spark does not start: {_first_line(error)}") from error
    try:
        records = kept_records(spark, kept, room)
        found = recounted(records, asked.part(), dedupe_s=dedupe_s)
        began_s = time.monotonic()
        rows = [(r[0], r[1], r[2], r[3], r[4]) for r in found.collect()]
        return rows, time.monotonic() - began_s
    except (PySparkException, Py4JError) as error:
        raise NotRecounted(reason(error)) from error
    finally:
        spark.stop()


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Give the JVM nowhere to write: it greets, and what fails is raised here."""
    sys.stderr.flush()
    ours, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(ours, 2)
        os.close(ours)
        os.close(nowhere)


def reason(error: Exception) -> str:
    """Return in one line why Spark gave up."""
    # What a worker raised is in the midst of a trace.
    raised = re.search(r"\bKafkaAway: (.+)", str(error))
    return raised[1] if raised else f"Spark failed: {_first_line(error)}"


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
