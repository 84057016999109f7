"""Where things are in a container, and how the parts find each other from there."""

from pathlib import Path

from compose import topology
from compose.settings import Settings

STATE = Path("/var/lib/emostream")
"""What is shared, read only but for who prepares it; folders of data lie on top."""

JARS = Path("/opt/emostream/jars")

SOCKETS = Path("/run/emostream")
"""Where the web services' sockets are, for the proxy."""

PROXY = Path("/etc/emostream-proxy")
"""Where the proxy's configuration is: it needs no secret, and sees none."""

ALL_ADDRESSES = "0.0.0.0"  # noqa: S104 - a container's network is its own

NGINX = "nginx"
"""The proxy in front of both web services."""


def socket_of(service: str) -> str:
    """Return where a web service serves the proxy."""
    return str(SOCKETS / f"{service}.sock")


def settings_inside(chosen: Settings) -> Settings:
    """Return the settings of all containers: what was chosen, and where things are."""
    return chosen.model_copy(
        update={
            "state_dir": STATE,
            "jars_dir": JARS,
            "bind_host": ALL_ADDRESSES,
            "kafka_host": topology.KAFKA,
            "main_host": topology.MAIN,
            "auditor_host": topology.AUDITOR,
            "broker_host": "{cluster}",
            "http_host": NGINX,
            "http_socket": str(SOCKETS / "{process}.sock"),
            "web_proxies": 1,
            "auto_scale": False,
        }
    )
