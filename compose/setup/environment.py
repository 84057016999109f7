"""`.venv`: the Python environment, made from the lock and never half-trusted."""

import compileall
import enum
import hashlib
import sys
from dataclasses import dataclass, fields
from pathlib import Path

from compose.setup.remedy import explain
from compose.setup.steps import CommandFailed, SetupFailed, run, step

_STAMP = "emostream-setup"


class Work(enum.Enum):
    """What an environment takes to be as the lock says."""

    NONE = enum.auto()
    INSTALL = enum.auto()
    REMAKE = enum.auto()


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an environment was made of; written last, removed first."""

    made_by: str
    """Its Python and its place: it cannot outlive either."""

    made_from: str
    """Hash of the files that say what is in it."""


def work(stamp: Stamp | None, wanted: Stamp) -> Work:
    """Decide what to do with an environment that has this stamp.

    One without a stamp was left half-made, and nothing in it is trusted.
    """
    if stamp == wanted:
        return Work.NONE
    if stamp is None or stamp.made_by != wanted.made_by:
        return Work.REMAKE
    return Work.INSTALL


def ensure(root: Path) -> None:
    """Bring `.venv` of the checkout at `root` to what the lock says.

    Raises:
        SetupFailed: If something could not be downloaded or built.
    """
    venv, file = root / ".venv", root / ".venv" / _STAMP
    wanted = Stamp(_made_by(root), _made_from(root))
    todo = work(_read(file), wanted)
    if todo is Work.NONE:
        return
    file.unlink(missing_ok=True)
    try:
        if todo is Work.REMAKE:
            with step(f"Python {sys.version.split()[0]} environment in .venv"):
                run([_base_python(), "-m", "venv", "--clear", str(venv)])
        _install(root, venv / "bin" / "python")
    except CommandFailed as error:
        raise SetupFailed(
            f"{error.tail()}\nThe Python environment is not complete."
            f" {explain(error.output)}"
        ) from error
    file.write_text(f"{wanted.made_by}\n{wanted.made_from}\n")


def _read(file: Path) -> Stamp | None:
    lines = file.read_text().splitlines() if file.exists() else []
    return Stamp(lines[0], lines[1]) if len(lines) == len(fields(Stamp)) else None


def _install(root: Path, python: Path) -> None:
    quiet = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    pip = [str(python), "-m", "pip", "install", *quiet]
    # Two calls: with hashes pip takes nothing that has none, such as the checkout.
    with step("Python packages of requirements.lock"):
        locked = ["--require-hashes", "-r", str(root / "requirements.lock")]
        run([*pip, "--no-compile", *locked])
    with step("Their bytecode"):
        # On all cores; pip uses one. Some packages hold files that are no Python.
        compileall.compile_dir(root / ".venv" / "lib", quiet=2, workers=0)
    with step("EmoStream itself, editable"):
        run([*pip, "--no-deps", "--no-build-isolation", "-e", str(root)])


def _made_by(root: Path) -> str:
    return f"{sys.version.split()[0]} {_base_python()} {root}"


def _made_from(root: Path) -> str:
    files = [root / "requirements.lock", root / "pyproject.toml"]
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def _base_python() -> str:
    """Return the Python itself, also where we run in an environment of it."""
    base = Path(
        sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}"
    )
    return str(base) if base.exists() else sys.executable
