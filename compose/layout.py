"""Where in the state folder everything lies."""

import os
from dataclasses import dataclass
from pathlib import Path

from compose.errors import Refused

SOCKET_PATH_MAX = 96
"""Bytes; the system takes 107, and supervisor first binds under a longer name."""


class PathTooLong(Refused):
    """The state folder's path leaves no room for the name of a socket."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders and files of one running system."""

    root: Path

    @property
    def config(self) -> Path:
        """Rendered configuration, made anew at each start."""
        return self.root / "config"

    @property
    def data(self) -> Path:
        """What must survive a stop: Kafka's log, the stream's checkpoint."""
        return self.root / "data"

    @property
    def logs(self) -> Path:
        """One log file a process."""
        return self.root / "log"

    @property
    def run(self) -> Path:
        """Sockets, locks and notes about the running system."""
        return self.root / "run"

    @property
    def socket(self) -> Path:
        """Where supervisord takes orders."""
        return self.run / "supervisor.sock"

    @property
    def noted_settings(self) -> Path:
        """What the running system was started with."""
        return self.run / "settings.json"

    def log_of(self, name: str) -> Path:
        """Return the log file of a process."""
        return self.logs / f"{name}.log"

    def make(self) -> None:
        """Create the folders, for their owner only.

        Raises:
            PathTooLong: If no socket could be made in them.
        """
        if len(os.fsencode(self.socket)) > SOCKET_PATH_MAX:
            raise PathTooLong(
                f"{self.root} is too long a path for a socket in it:"
                " choose a shorter EMOSTREAM_STATE_DIR"
            )
        for folder in (self.config, self.data, self.logs, self.run):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
