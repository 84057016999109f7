"""The classes of Java's programs, noted once: see `stream.class_sharing`.

Noted anew when Java or a jar is another one. Without them all works, only slower.
"""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
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

    @property
    def name(self) -> str:
        """What people call it."""
        return self.jars.name.capitalize()

    def folder(self, jars_dir: Path) -> Path:
        """Return where its jars are, and what is noted."""
        return jars_dir / self.jars.name


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
    stale = {
        program: made_from
        for program in _PROGRAMS
        if (made_from := _stale(program, root, jars_dir))
    }
    if not stale:
        return
    names = " and ".join(program.name for program in stale)
    # Each keeps one core busy.
    with (
        step(f"Classes of {names}, for quicker starts"),
        ThreadPoolExecutor() as starting,
    ):
        notings = [
            starting.submit(_note, program, root, jars_dir, made_from)
            for program, made_from in stale.items()
        ]
        for noting in notings:
            noting.result()


def _stale(program: _Program, root: Path, jars_dir: Path) -> str | None:
    """Return what to note a program's classes from; None where nothing is to do."""
    folder = program.folder(jars_dir)
    stamp, made_from = folder / _STAMP, _made_from(program, root, folder)
    is_noted = stamp.exists() and stamp.read_text() == made_from
    return None if is_noted or not os.access(folder, os.W_OK) else made_from


def _note(program: _Program, root: Path, jars_dir: Path, made_from: str) -> None:
    folder = program.folder(jars_dir)
    stamp = folder / _STAMP
    stamp.unlink(missing_ok=True)
    python = str(root / ".venv" / "bin" / "python")
    try:
        run([python, "-m", program.module, str(folder)], {**os.environ, **_QUICK})
    except CommandFailed as error:
        raise SetupFailed(f"{error.tail()}\n{program.name} does not start.") from error
    stamp.write_text(made_from)


def _made_from(program: _Program, root: Path, folder: Path) -> str:
    """Return a hash of what Java looks at: itself, and each jar's place and time."""
    found = hashlib.sha256(run([javas()[-1], "-version"]).encode())
    others = chain.from_iterable(root.glob(pattern) for pattern in program.others)
    for jar in sorted([*others, *folder.glob("*.jar")]):
        found.update(f"{jar} {jar.stat().st_mtime_ns} {jar.stat().st_size}".encode())
    return found.hexdigest()
