"""Configuration files as values, written whole and with their rights."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class File:
    """A file to be written before a process starts."""

    path: Path
    text: str
    mode: int = 0o600

    def write(self) -> None:
        """Write it whole or not at all, readable by nobody else on the way."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        scratch = self.path.with_name(f"{self.path.name}.new")
        scratch.unlink(missing_ok=True)  # an old one would keep its rights
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        descriptor = os.open(scratch, flags, self.mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(self.text)
        scratch.replace(self.path)
