"""`python -m stream.class_archive FOLDER`: note which classes a start of Spark loads.

Java then reads them from one file, linked already, instead of one by one out of 300
jars: half of a start's time (class data sharing, JEP 350). The file lies beside Spark's
own jars. It belongs to one Java and one class path; Java looks whether it fits, and
does without it if it does not.
"""

import sys
import tempfile
from pathlib import Path

from stream.epoch import Shape
from stream.spark import CLASSES, SparkOptions, open_session
from stream.warmup import warm_up

_SHAPE = Shape(
    reactions="", topic_id="", window_ms=2000, dedupe_s=60, shuffle_partitions=2
)


def main(folder: Path) -> None:
    """Start Spark, run the query's plan over records of nobody, and end.

    Args:
        folder: Of Spark's jars; the file of an earlier call there is replaced.

    Raises:
        FileNotFoundError: If there are no jars, or Java wrote no file.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix=".classes-") as name:
        noted = Path(name, CLASSES)
        options = SparkOptions(
            master="local[2]",
            driver_memory_mb=512,
            shuffle_partitions=_SHAPE.shuffle_partitions,
            jars=folder,
            scratch=Path(name, "scratch"),
            classes_to=noted,
        )
        spark = open_session(options)
        warm_up(spark, _SHAPE, options.scratch)
        # There is no other way to its JVM.
        java = spark.sparkContext._gateway.proc  # type: ignore[union-attr]  # noqa: SLF001
        spark.stop()
        java.stdin.close()  # it ends with this, and writes then
        java.wait()
        noted.replace(folder / CLASSES)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
