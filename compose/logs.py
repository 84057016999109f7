"""How every process writes its log: one event a line, time first, to stderr.

What supervisord runs has its stderr in a file; others may write into one themselves.
"""

import logging
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path

LOG_MAX_BYTES = 10 * 1024 * 1024
"""Size at which a log file is set aside and a new one begun, by supervisord."""

LOG_BACKUPS = 2
"""How many that were set aside are kept, of each process."""

_QUIET = {
    "httpx": logging.WARNING,  # a line for every request
    "py4j": logging.CRITICAL,  # a line for every call, a trace for every refusal
}
"""Libraries that say more than anybody needs, and from where on they are heard."""


def configure(level: str) -> None:
    """Send log lines of `level` and above to stderr, times in UTC."""
    handler = logging.StreamHandler()
    handler.setFormatter(_formatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for library, least in _QUIET.items():
        logging.getLogger(library).setLevel(least)


def into_file(logger: logging.Logger, path: Path, level: str) -> None:
    """Send a logger's lines to a file alone, set aside as supervisord does it.

    Args:
        logger: Whose.
        path: Where; of a process that supervisord does not run at the time.
        level: Least severe line that is written.
    """
    handler = RotatingFileHandler(
        path, maxBytes=LOG_MAX_BYTES, backupCount=LOG_BACKUPS, encoding="utf-8"
    )
    handler.setFormatter(_formatter())
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False


def _formatter() -> logging.Formatter:
    formatter = logging.Formatter(
        "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S",
    )
    formatter.converter = time.gmtime
    return formatter
