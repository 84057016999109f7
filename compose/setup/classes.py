"""The classes of Java's programs, noted once: see `stream.class_sharing`.

Noted anew when Java or a jar is another one. Without them all works, only slower.
"""

import hashlib
import os
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from compose.setup.jars import KAFKA, SPARK, JarSet
from compose.setup.steps import CommandFailed, SetupFailed, run, step
from compose.setup.system import javas

_STAMP = "classes.made-from"

_QUICK = {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
"""It lives for seconds: no time to optimise what is compiled."""


@dataclass(frozen=True, slots=True)
class _Program:
    """What is started once for it."""

    jars: JarSet
    module: str
    others: tuple[str, ...] = ()
    """Jars that it has from elsewhere, below the checkout; patterns."""


_PROGRAMS = (
    _Program(KAFKA, "compose.kafka_classes"),
    _Program(
        SPARK,
        "stream.class_archive",
        (".venv/lib/python3*/site-packages/pyspark/jars/*.jar",),
    ),
)


def ensure(root: Path, jars_dir: Path) -> None:
    """Note the classes, unless those of this Java and these jars are noted.

    Not among jars that are somebody else's: there, whoever may write has to.

    Raises:
        SetupFailed: If a program does not start.
    """
    for program in _PROGRAMS:
        _ensure(program, root, jars_dir / program.jars.name)


def _ensure(program: _Program, root: Path, folder: Path) -> None:
    name = program.jars.name.capitalize()
    stamp, made_from = folder / _STAMP, _made_from(program, root, folder)
    is_noted = stamp.exists() and stamp.read_text() == made_from
    if is_noted or not os.access(folder, os.W_OK):
        return
    stamp.unlink(missing_ok=True)
    python = str(root / ".venv" / "bin" / "python")
    try:
        with step(f"Classes of {name}, for quicker starts"):
            run(
                [python, "-m", program.module, str(folder)],
                {**os.environ, **_QUICK},
            )
    except CommandFailed as error:
        raise SetupFailed(f"{error.tail()}\n{name} does not start.") from error
    stamp.write_text(made_from)


def _made_from(program: _Program, root: Path, folder: Path) -> str:
    """Return a hash of what Java looks at: itself, and each jar's place and time."""
    found = hashlib.sha256(run([javas()[-1], "-version"]).encode())
    others = chain.from_iterable(root.glob(pattern) for pattern in program.others)
    for jar in sorted([*others, *folder.glob("*.jar")]):
        found.update(f"{jar} {jar.stat().st_mtime_ns} {jar.stat().st_size}".encode())
    return found.hexdigest()
