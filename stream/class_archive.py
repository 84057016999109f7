"""`python -m stream.class_archive FOLDER`: note which classes a start of Spark loads.

See `stream.class_sharing`: half of a start's time. The file lies beside Spark's own
jars.
"""

import sys
import tempfile
from pathlib import Path

from stream.class_sharing import CLASSES
from stream.epoch import Shape
from stream.spark import SparkOptions, open_session
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
            note_classes_to=noted,
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
