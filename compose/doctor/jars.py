"""The doctor's look at the jars: are they those of the poms, and are they whole."""

import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path

from compose.doctor.finding import Finding, ok, wrong
from compose.settings import Settings
from compose.setup import jars
from compose.setup.jars import JarSet
from compose.setup.pom import jar_names


def jar_sets(settings: Settings) -> Iterator[Finding]:
    """Look at the jars of Kafka and of Spark."""
    for jar_set in jars.ALL:
        yield from look(jar_set, settings.jars_dir)


def look(jar_set: JarSet, jars_dir: Path) -> Iterator[Finding]:
    """Look at one folder of jars; one finding for each kind of fault."""
    folder, subject = jars_dir / jar_set.name, f"{jar_set.name.capitalize()}'s jars"
    remedy = f"Fetch them anew: rm -r {folder} && make setup"
    there = {file.name for file in folder.glob("*.jar")}
    faults = [
        *faults_in(jar_names(jar_set.pom), jar_set.fetched(jars_dir), there),
        *(f"{name} is no whole jar" for name in broken(folder, there)),
    ]
    if not faults and not jar_set.fits(jars_dir):
        faults = [f"{jar_set.pom.name} has changed since they were fetched"]
    for fault in faults:
        yield wrong(subject, f"{fault}.", remedy)
    if not faults:
        yield ok(subject, f"All {len(there)} are as {jar_set.pom.parent.name} says.")


def faults_in(
    named: Collection[str], fetched: Collection[str], there: Collection[str]
) -> list[str]:
    """Say what is missing, and what should not be there.

    Args:
        named: By the pom; others come with them.
        fetched: All that came; none where an earlier version noted no names.
        there: What lies in the folder.
    """
    wanted = sorted({*named, *fetched})
    artifacts = {_artifact(name) for name in named}
    strange = {one for one in there if fetched or _artifact(one) in artifacts}
    return [
        *(
            f"{name} is missing{_other(name, there)}"
            for name in wanted
            if name not in there
        ),
        *(f"{name} does not belong there" for name in sorted(strange - {*wanted})),
    ]


def broken(folder: Path, names: Collection[str]) -> list[str]:
    """Return which jars are cut off, or no jars at all."""
    return [name for name in sorted(names) if not _is_whole(folder / name)]


def _is_whole(jar: Path) -> bool:
    try:
        # Its directory stands at its end; unpacking all of it takes seconds.
        with zipfile.ZipFile(jar):
            return True
    except (zipfile.BadZipFile, OSError):
        return False


def _other(name: str, there: Collection[str]) -> str:
    """Say which other version lies in a jar's place, if one does."""
    artifact = _artifact(name)
    others = [one for one in sorted(there) if _artifact(one) == artifact]
    return f", {others[0]} lies in its place" if others else ""


def _artifact(name: str) -> str:
    """Return a jar's name without its version."""
    return name.rpartition("-")[0]
