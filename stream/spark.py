"""The Spark session: one driver, quiet, on loopback, with the jars it needs."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import SparkSession

from stream import class_sharing

_LOOPBACK = "127.0.0.1"
_FILES = {
    "spark.hadoop.fs.file.impl": (
        "com.globalmentor.apache.hadoop.fs.BareLocalFileSystem"
    ),
    "spark.sql.streaming.checkpointFileManagerClass": (
        "org.apache.spark.sql.execution.streaming.checkpointing"
        ".FileSystemBasedCheckpointFileManager"
    ),
}
"""A checkpoint's files are written with Java alone. Without its native library Hadoop
starts four processes for each: 11 ms instead of one, several times a trigger."""

_FILES_JAR = "hadoop-bare-naked-local-fs-"
_LOG4J = Path(__file__).with_name("log4j2.properties")


@dataclass(frozen=True, slots=True)
class SparkOptions:
    """What can be chosen of a session."""

    master: str
    driver_memory_mb: int
    shuffle_partitions: int
    jars: Path
    scratch: Path
    """For what is of no use after the session's end; emptied at its start."""
    note_classes_to: Path | None = None
    """Where to note the classes that this session loads, at its end."""


def open_session(options: SparkOptions) -> SparkSession:
    """Start the JVM and return its session.

    Raises:
        FileNotFoundError: If the jars of the Kafka source are not there.
        OSError: If the scratch folder cannot be emptied.
    """
    jars = sorted(options.jars.glob("*.jar"))
    if not jars:
        raise FileNotFoundError(f"no jars in {options.jars}: run `make setup`")
    if options.scratch.exists():  # a JVM that was killed could not clean up
        shutil.rmtree(options.scratch)
    options.scratch.mkdir(mode=0o700, parents=True)
    # Spark asks the host's name for an address otherwise, and warns of it.
    os.environ.setdefault("SPARK_LOCAL_IP", _LOOPBACK)
    # Its workers in Python take the `python3` of the path otherwise.
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.appName("emostream")
    for name, value in _configuration(options, jars).items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _configuration(options: SparkOptions, jars: list[Path]) -> dict[str, str]:
    return {
        **_FILES,
        # Spark reads files before it has what `spark.jars` names.
        "spark.driver.extraClassPath": next(
            str(jar) for jar in jars if jar.name.startswith(_FILES_JAR)
        ),
        "spark.master": options.master,
        "spark.driver.memory": f"{options.driver_memory_mb}m",
        "spark.driver.host": _LOOPBACK,
        "spark.driver.bindAddress": _LOOPBACK,
        # Spark looks for comments in the code it writes by a regex that recurses for
        # each character: before Java has compiled that, a megabyte may be too little.
        "spark.driver.extraJavaOptions": "-XX:+ExitOnOutOfMemoryError -Xss4m"
        f' "-Dlog4j2.configurationFile={_LOG4J}" "-Djava.io.tmpdir={options.scratch}"'
        f" {_sharing(options)}",
        "spark.jars": ",".join(str(jar) for jar in jars),
        "spark.local.dir": str(options.scratch),
        "spark.sql.warehouse.dir": str(options.scratch / "warehouse"),
        "spark.sql.session.timeZone": "UTC",
        # The default of 200 takes 6 s a trigger; the checkpoint fixes the number.
        "spark.sql.shuffle.partitions": str(options.shuffle_partitions),
        "spark.sql.adaptive.enabled": "false",  # streams have no use for it
        "spark.sql.streaming.numRecentProgressUpdates": "10",  # looked at each second
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }


def _sharing(options: SparkOptions) -> str:
    of_java = class_sharing.options(options.jars, options.note_classes_to)
    return " ".join(f'"{option}"' for option in of_java)
