"""The broker's and Spark's jars: fetched by Maven, whole or not at all."""

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from compose.setup.remedy import explain
from compose.setup.steps import CommandFailed, SetupFailed, run, step

_STAMP = "pom.sha256"
_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin"
_COMPOSE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class JarSet:
    """A folder of jars that make one class path."""

    name: str
    pom: Path
    goal: str
    """Of Maven's dependency plugin; the pom says which version."""

    def is_whole(self, jars_dir: Path) -> bool:
        """Tell whether the jars that the pom asks for are there."""
        digest, fetched = self._stamped(jars_dir)
        there = {file.name for file in (jars_dir / self.name).glob("*.jar")}
        return digest == self._digest() and there.issuperset(fetched)

    def fits(self, jars_dir: Path) -> bool:
        """Tell whether what is there was fetched for the pom as it is now."""
        return self._stamped(jars_dir)[0] == self._digest()

    def fetched(self, jars_dir: Path) -> list[str]:
        """Return the names of the jars that were fetched; none if that is unknown."""
        return self._stamped(jars_dir)[1]

    def fetch(self, jars_dir: Path) -> None:
        """Download the jars and put them in place of earlier ones.

        Raises:
            CommandFailed: If Maven could not; what was there before is kept.
        """
        jars_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=jars_dir, prefix=".fetching-") as scratch:
            fetched = Path(scratch, "new")
            quiet = ["--batch-mode", "--no-transfer-progress", "--strict-checksums"]
            # Or Maven would remember an earlier failure, and not try again.
            anew = "--update-snapshots"
            where = ["-f", str(self.pom), f"-DoutputDirectory={fetched}"]
            run(["mvn", *quiet, anew, *where, f"{_PLUGIN}:{self.goal}"])
            self.stamp(fetched)
            place = jars_dir / self.name
            if place.exists():
                place.rename(Path(scratch, "old"))
            fetched.rename(place)

    def stamp(self, folder: Path) -> None:
        """Note in a folder of jars that it is whole, for which pom, and its jars."""
        names = sorted(file.name for file in folder.glob("*.jar"))
        (folder / _STAMP).write_text("\n".join([self._digest(), *names]))

    def _stamped(self, jars_dir: Path) -> tuple[str, list[str]]:
        """Return what `stamp` has noted; an earlier version noted no names."""
        try:
            digest, *names = (jars_dir / self.name / _STAMP).read_text().split("\n")
        except FileNotFoundError:
            return "", []
        return digest, names

    def _digest(self) -> str:
        return hashlib.sha256(self.pom.read_bytes()).hexdigest()


KAFKA = JarSet("kafka", _COMPOSE / "kafka-jars" / "pom.xml", "copy-dependencies")
SPARK = JarSet("spark", _COMPOSE / "spark-jars" / "pom.xml", "copy")


ALL = (KAFKA, SPARK)


def missing(jars_dir: Path, wanted: Sequence[JarSet] = ALL) -> list[JarSet]:
    """List the sets that are not in `jars_dir` as their poms ask."""
    return [jars for jars in wanted if not jars.is_whole(jars_dir)]


def ensure(jars_dir: Path, wanted: Sequence[JarSet] = ALL) -> None:
    """Fetch the sets that are missing.

    Raises:
        SetupFailed: If something could not be downloaded.
    """
    for jars in missing(jars_dir, wanted):
        try:
            with step(f"Jars of {jars.name.capitalize()} (Maven)"):
                jars.fetch(jars_dir)
        except CommandFailed as error:
            raise SetupFailed(
                f"{error.tail()}\nThe jars of {jars.name} are not complete."
                f" {explain(error.output)}"
            ) from error
