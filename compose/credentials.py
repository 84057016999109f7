"""Names and secrets that the processes know each other by.

Made at the first start, in one file that only its owner can read. Nothing here
is ever printed or logged.
"""

import os
import secrets
from pathlib import Path
from typing import Self

import msgspec

FILE = "credentials.json"


class Credentials(msgspec.Struct, frozen=True):
    """MQTT passwords by user, and what makes this installation's names its own."""

    passwords: dict[str, str]
    instance: str
    """64 random bits, in hex: in the client ids of bridges and workers, so that
    nobody who connects under the same id can throw them off."""

    kafka_cluster_id: str
    """Under which our own Kafka formats its log."""

    host: str = ""
    """Signs the links of rooms' hosts; an installation of before has none."""

    @classmethod
    def load(cls, state_dir: Path) -> Self:
        """Read what the first start made.

        Raises:
            FileNotFoundError: If nothing was started with this `state_dir` yet.
        """
        return msgspec.json.decode((state_dir / FILE).read_bytes(), type=cls)

    @classmethod
    def load_or_make(cls, state_dir: Path, users: list[str]) -> Self:
        """Read the credentials; make what `users` or hosts do not have yet."""
        try:
            known = cls.load(state_dir)
        except FileNotFoundError:
            known = cls({}, secrets.token_hex(8), _uuid())
        passwords = {
            user: known.passwords.get(user) or secrets.token_urlsafe(24)
            for user in [*known.passwords, *users]
        }
        host = known.host or secrets.token_urlsafe(32)
        made = msgspec.structs.replace(known, passwords=passwords, host=host)
        if made == known:
            return known
        _write_private(state_dir / FILE, msgspec.json.encode(made))
        return made


def _uuid() -> str:
    """Return an id in the form that Kafka's own tool makes (base64 of 16 bytes)."""
    text = secrets.token_urlsafe(16)
    return _uuid() if text.startswith("-") else text


def _write_private(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".new")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
