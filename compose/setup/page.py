"""The pages, built by Vite from `clients/web/page`: whole or not at all."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from compose.setup.remedy import explain
from compose.setup.steps import CommandFailed, SetupFailed, run, step

PAGE = Path("clients", "web", "page")
BUILT = Path("clients", "web", "built")

OUT_DIR = "PAGE_OUT_DIR"
"""Tells `vite.config.ts` where to build to."""

_PACKAGES = "node_modules"
_STAMP = ".made-from"


def is_built(root: Path) -> bool:
    """Tell whether the checkout at `root` has the pages of its sources."""
    return _read(root / BUILT) == digest(root / PAGE)


def ensure(root: Path) -> None:
    """Build the pages if their sources have changed since they were built.

    Raises:
        SetupFailed: If they cannot be built; those that were there stay.
    """
    if is_built(root):
        return
    ensure_packages(root)
    try:
        with step("The pages (Vite)"):
            _build(root)
    except CommandFailed as error:
        raise SetupFailed(f"{error.tail()}\nThe pages cannot be built.") from error


def ensure_packages(root: Path) -> None:
    """Bring the packages that build and check the pages to what their lock says.

    Raises:
        SetupFailed: If something could not be downloaded.
    """
    packages = root / PAGE / _PACKAGES
    wanted = _hashed((root / PAGE / "package-lock.json").read_bytes())
    if _read(packages) == wanted:
        return
    try:
        with step("Packages of the pages (npm)"):
            _npm(root, "ci", "--no-audit", "--no-fund")
    except CommandFailed as error:
        raise SetupFailed(
            f"{error.tail()}\nThe packages of the pages are not complete."
            f" {explain(error.output)}"
        ) from error
    (packages / _STAMP).write_text(wanted)


def digest(page: Path) -> str:
    """Return a hash of all that the pages are built from, the packages' lock too."""
    found = hashlib.sha256()
    for folder, folders, files in os.walk(page):
        folders[:] = sorted(one for one in folders if one != _PACKAGES)
        for file in sorted(files):
            path = Path(folder, file)
            content = path.read_bytes()
            name = f"{path.relative_to(page)}\0{len(content)}\0"
            found.update(name.encode() + content)
    return found.hexdigest()


def _build(root: Path) -> None:
    made_from = digest(root / PAGE)  # what is changed meanwhile is built next time
    place = root / BUILT
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".building-") as scratch:
        built = Path(scratch, "new")
        _npm(root, "run", "build", out_dir=built)
        (built / _STAMP).write_text(made_from)
        if place.exists():
            place.rename(Path(scratch, "old"))
        built.rename(place)


def _npm(root: Path, *arguments: str, out_dir: Path | None = None) -> None:
    """Run npm of `.venv`, with the Node beside it.

    Raises:
        CommandFailed: If it ended with an error, or is not there.
    """
    programs = root / ".venv" / "bin"
    path = os.pathsep.join([str(programs), os.environ.get("PATH", os.defpath)])
    chosen = {"PATH": path} | ({OUT_DIR: str(out_dir)} if out_dir else {})
    npm = shutil.which("npm", path=path) or "npm"
    run([npm, "--prefix", str(root / PAGE), *arguments], os.environ | chosen)


def _read(folder: Path) -> str:
    """Return what the folder was made from; empty if it is not whole."""
    file = folder / _STAMP
    return file.read_text() if file.exists() else ""


def _hashed(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
