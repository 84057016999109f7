"""A small volume that can be full: a tmpfs, shrunk to what is used of it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.fault import NotPossible

_TRIES = 100


class Volume:
    """Mounted at a folder that is there; takes memory only for what lies in it."""

    def __init__(self, folder: Path, size_bytes: int) -> None:
        self.folder, self._size_bytes = folder, size_bytes

    @property
    def used_bytes(self) -> int:
        """How much lies in it."""
        seen = os.statvfs(self.folder)
        return (seen.f_blocks - seen.f_bfree) * seen.f_frsize

    @contextmanager
    def full(self) -> Iterator[None]:
        """Have no room for one page more meanwhile."""
        self._fill()
        try:
            yield
        finally:
            self._resize(self._size_bytes)

    def _fill(self) -> None:
        # Refused where more has been written since it was looked at.
        if not any(self._has_size(self.used_bytes) for _ in range(_TRIES)):
            raise NotPossible(f"{self.folder} does not stand still to be full")

    def _resize(self, size_bytes: int) -> None:
        if not self._has_size(size_bytes):
            raise NotPossible(f"{self.folder} cannot be given another size")

    def _has_size(self, size_bytes: int) -> bool:
        options = ["-o", f"remount,size={size_bytes}"]
        return _done("mount", *options, str(self.folder)) is None


@contextmanager
def volume(folder: Path, size_bytes: int) -> Iterator[Volume]:
    """Mount a volume until the end of the block.

    Raises:
        NotPossible: If this machine does not let us.
    """
    folder.mkdir(parents=True, exist_ok=True)
    options = ["-t", "tmpfs", "-o", f"size={size_bytes},mode=700"]
    if problem := _done("mount", *options, "emostream", str(folder)):
        raise NotPossible(f"no volume of its own can be mounted: {problem}")
    try:
        yield Volume(folder, size_bytes)
    finally:
        _done("umount", "--lazy", str(folder))  # whoever may still have a file there


def _done(*command: str) -> str | None:
    """Run a command; return what it complained of, None if it did it."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return None if done.returncode == 0 else done.stderr.strip() or "refused"
