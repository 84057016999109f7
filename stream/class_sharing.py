"""Which classes a start of Java loads: noted once, read from one file from then on.

Class data sharing (JEP 350): linked already, instead of one by one out of hundreds of
jars. The file belongs to one Java and one class path; Java looks whether it fits, and
does without it if it does not.
"""

from pathlib import Path

CLASSES = "classes.jsa"
"""Beside the jars."""

_QUIET = "-Xlog:cds*=off"
"""What does not fit is not worth a word: it only starts as slowly as without."""


def options(jars: Path, note_to: Path | None = None) -> list[str]:
    """Return what tells Java where the classes are, or where to note them.

    Args:
        jars: A folder of jars, the noted classes among them or not.
        note_to: Which file this start is to note its classes in, at its end.
    """
    noted = jars / CLASSES
    if note_to:
        return [f"-XX:ArchiveClassesAtExit={note_to}", _QUIET]
    return [f"-XX:SharedArchiveFile={noted}", _QUIET] if noted.exists() else []
