"""The classes of Spark's start, noted once: see `stream.class_archive`.

Noted anew when Java or a jar is another one. Without them all works, only slower.
"""

import hashlib
import os
from pathlib import Path

from compose.setup.jars import SPARK
from compose.setup.steps import CommandFailed, SetupFailed, run, step
from compose.setup.system import javas

_STAMP = "classes.made-from"
_PYSPARKS = ".venv/lib/python3*/site-packages/pyspark/jars/*.jar"
_QUICK = {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
"""It lives for seconds: no time to optimise what is compiled."""


def ensure(root: Path, jars_dir: Path) -> None:
    """Note the classes, unless those of this Java and these jars are noted.

    Not among jars that are somebody else's: there, whoever may write has to.

    Raises:
        SetupFailed: If Spark does not start.
    """
    folder = jars_dir / SPARK.name
    stamp, made_from = folder / _STAMP, _made_from(root, folder)
    is_noted = stamp.exists() and stamp.read_text() == made_from
    if is_noted or not os.access(folder, os.W_OK):
        return
    stamp.unlink(missing_ok=True)
    python = str(root / ".venv" / "bin" / "python")
    try:
        with step("Classes of Spark, for quicker starts"):
            run(
                [python, "-m", "stream.class_archive", str(folder)],
                {**os.environ, **_QUICK},
            )
    except CommandFailed as error:
        raise SetupFailed(f"{error.tail()}\nSpark does not start.") from error
    stamp.write_text(made_from)


def _made_from(root: Path, folder: Path) -> str:
    """Return a hash of what Java looks at: itself, and each jar's place and time."""
    found = hashlib.sha256(run([javas()[-1], "-version"]).encode())
    for jar in sorted([*root.glob(_PYSPARKS), *folder.glob("*.jar")]):
        found.update(f"{jar} {jar.stat().st_mtime_ns} {jar.stat().st_size}".encode())
    return found.hexdigest()
