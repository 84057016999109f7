"""How often each process was started again, since supervisord runs.

Written by `compose.supervision.reviver`, read by whoever shows it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from compose.errors import Refused
from compose.files import File
from compose.layout import Layout


@dataclass(frozen=True, slots=True)
class Restarts:
    """The restarts of one process."""

    count: int
    last_at_s: float | None
    """Seconds since the epoch; None where there was none."""

    last_reason: str
    """Why it was down, as a person reads it: `exit status 1`."""

    def and_one(self, at_s: float, reason: str) -> "Restarts":
        """Return these and one more."""
        return Restarts(self.count + 1, at_s, reason)


NONE = Restarts(0, None, "")


class BadRestarts(Refused):
    """The file of restarts cannot be read."""


def read(layout: Layout) -> dict[str, Restarts]:
    """Return the restarts of every process that had one, by name.

    Raises:
        BadRestarts: If what is written down cannot be understood.
    """
    file = layout.restarts
    try:
        noted = json.loads(file.read_text(encoding="utf-8") or "{}")
        return {name: Restarts(**one) for name, one in noted.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError) as error:
        raise BadRestarts(f"{file} cannot be read: {error}") from error


def looked_at_s(layout: Layout) -> float | None:
    """Return when the reviver last saw to everything, in seconds since the epoch.

    It does so every few seconds; None before the first time.
    """
    try:
        return layout.restarts.stat().st_mtime
    except FileNotFoundError:
        return None


def note_look(layout: Layout) -> None:
    """Note that everything was seen to just now."""
    layout.restarts.touch(mode=0o600)


def write(layout: Layout, restarts: Mapping[str, Restarts]) -> None:
    """Write all restarts down, whole or not at all."""
    noted = {name: asdict(one) for name, one in restarts.items()}
    File(layout.restarts, json.dumps(noted, indent=1)).write()


def forget(layout: Layout) -> None:
    """Begin anew, as supervisord does."""
    layout.restarts.unlink(missing_ok=True)
