"""PostgreSQL, which the benchmarks compare with: its programs, and no server of it.

Debian's package makes a cluster on port 5432 and starts it. A file of ours prevents
that while the package is installed; a PostgreSQL that is there is left as it is.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from compose.setup import system
from compose.setup.steps import CommandFailed, SetupFailed, run
from compose.setup.system import Need, Purpose

PROGRAMS = ("initdb", "postgres")
NO_CLUSTER = "create_main_cluster = false\n"

_DEBIAN = Path("/usr/lib/postgresql")
_DROP_IN = Path("/etc/postgresql-common/createcluster.d/emostream-bench.conf")


def find_postgresql(versions: Path = _DEBIAN) -> Path | None:
    """Return the folder of PostgreSQL's programs: the newest, or the PATH's.

    Args:
        versions: Where Debian has a folder of each version, not on the PATH.
    """
    folders = sorted(versions.glob("*/bin"), key=_version, reverse=True)
    on_path = shutil.which(PROGRAMS[0])
    folders += [Path(on_path).resolve().parent] if on_path else []
    whole = (each for each in folders if all((each / p).exists() for p in PROGRAMS))
    return next(whole, None)


def ensure() -> None:
    """Install PostgreSQL's programs if they are missing.

    Raises:
        SetupFailed: If they cannot be installed here; the text says what helps.
    """
    need = Need(
        "PostgreSQL",
        Purpose.COMPARING,
        ("postgresql",),
        lambda: find_postgresql() is not None,
    )
    if need.met():
        return
    rights = system.root_rights()
    if rights is None:
        system.ensure([need])  # says what a person can do
        return
    try:
        with _no_cluster(rights):
            system.ensure([need])
    except CommandFailed as error:
        raise SetupFailed(f"{error.tail()}\n{_DROP_IN} has to be written") from error


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", folder.parent.name))


@contextmanager
def _no_cluster(rights: Sequence[str]) -> Iterator[None]:
    """Have Debian's package make no cluster of its own within this block."""
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(NO_CLUSTER)
        file.flush()
        run([*rights, "install", "-D", "-m", "644", file.name, str(_DROP_IN)])
    try:
        yield
    finally:
        run([*rights, "rm", "-f", str(_DROP_IN)])
