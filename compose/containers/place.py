"""Where things are in a container, and how the parts find each other from there."""

from pathlib import Path

from compose import topology
from compose.settings import LOOPBACK, BadSetting, Settings, variable

STATE = Path("/var/lib/emostream")
"""What is shared, read only but for who prepares it; folders of data lie on top."""

JARS = Path("/opt/emostream/jars")

SOCKETS = Path("/run/emostream")
"""Where the web services' sockets are, for the proxy."""

PROXY = Path("/etc/emostream-proxy")
"""Where the proxy's configuration is: it needs no secret, and sees none."""

ALL_ADDRESSES = "0.0.0.0"  # noqa: S104 - a container's network is its own

PROCESS_HOST = "{process}"
"""A container has the name of its part."""

NGINX = "nginx"
"""The proxy in front of both web services."""


def socket_of(service: str) -> str:
    """Return where a web service serves the proxy."""
    return str(SOCKETS / f"{service}.sock")


def settings_inside(chosen: Settings) -> Settings:
    """Return the settings of all containers: what was chosen, and where things are.

    Raises:
        BadSetting: If something was chosen that containers do not have.
    """
    if chosen.auto_scale:
        raise BadSetting(
            f"{variable('auto_scale')}: containers do not come and go by themselves;"
            " render the file with other numbers, and `up` again"
        )
    if chosen.main_host not in {LOOPBACK, topology.MAIN}:
        raise BadSetting(f"{variable('main_host')}: containers have their own main")
    return chosen.model_copy(
        update={
            "state_dir": STATE,
            "jars_dir": JARS,
            "bind_host": ALL_ADDRESSES,
            "kafka_host": topology.KAFKA,
            "main_host": topology.MAIN,
            "process_host": PROCESS_HOST,
            "broker_host": "{cluster}",
            "http_host": NGINX,
            "http_socket": str(SOCKETS / "{process}.sock"),
            # nginx is one more.
            "web_proxies": chosen.web_proxies + 1,
        }
    )


def told(settings: Settings) -> dict[str, str]:
    """Return the variables that make these settings again: not only what differs.

    A preset is another default for what nobody chose.
    """
    return {
        variable(name): str(getattr(settings, name))
        for name, of in Settings.model_fields.items()
        if getattr(settings, name) != of.default or name in settings.model_fields_set
    }
