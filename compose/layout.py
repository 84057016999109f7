"""Where in the state folder everything lies."""

import os
from dataclasses import dataclass
from pathlib import Path

from compose.errors import Refused

SOCKET_PATH_MAX = 96
"""Bytes; the system takes 107, and supervisor first binds under a longer name."""


class PathTooLong(Refused):
    """The state folder's path leaves no room for the name of a socket."""


class NotOurs(Refused):
    """The state folder is somebody else's, or cannot be written."""


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
        """What the running system runs with: as it was started, and scaled since."""
        return self.run / "settings.json"

    @property
    def restarts(self) -> Path:
        """How often each process was started again."""
        return self.run / "restarts.json"

    @property
    def kept(self) -> Path:
        """A mark for each process that is to be kept running."""
        return self.run / "kept"

    @property
    def drains(self) -> Path:
        """A note for each cluster that is to be left."""
        return self.run / "drains"

    @property
    def scaling(self) -> Path:
        """Locked by whoever changes how many clusters and workers there are."""
        return self.run / "scaling.lock"

    @property
    def going_down(self) -> Path:
        """Locked by whoever takes everything down."""
        return self.run / "down.lock"

    def log_of(self, name: str) -> Path:
        """Return the log file of a process."""
        return self.logs / f"{name}.log"

    @property
    def mark(self) -> Path:
        """Says that the folders beside it are ours, to use and to delete."""
        return self.root / ".emostream-state"

    @property
    def folders(self) -> tuple[Path, ...]:
        """All folders that `make` makes."""
        return (self.config, self.data, self.logs, self.run)

    def make(self) -> None:
        """Create the folders, for their owner only.

        Raises:
            PathTooLong: If no socket could be made in them.
            NotOurs: If somebody else's folders lie there, or none can be made.
        """
        if len(os.fsencode(self.socket)) > SOCKET_PATH_MAX:
            raise PathTooLong(
                f"{self.root} is too long a path for a socket in it:"
                " choose a shorter EMOSTREAM_STATE_DIR"
            )
        theirs = [str(folder) for folder in self.folders if folder.exists()]
        if theirs and not self.mark.exists():
            raise NotOurs(
                f"{', '.join(theirs)} is there, and not made by EmoStream:"
                " choose another EMOSTREAM_STATE_DIR"
            )
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self.mark.touch()
            for folder in self.folders:
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise NotOurs(
                f"{self.root} cannot be used: {error.strerror}; EMOSTREAM_STATE_DIR"
                " names another folder"
            ) from error
