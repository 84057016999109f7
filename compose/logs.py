"""How every process writes its log: one event a line, time first, to stderr."""

import logging
import time

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
    formatter = logging.Formatter(
        "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S",
    )
    formatter.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for library, least in _QUIET.items():
        logging.getLogger(library).setLevel(least)
