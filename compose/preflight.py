"""Whether this machine has what the system runs on, before anything is started."""

from importlib.util import find_spec

from compose.errors import Refused
from compose.settings import Settings
from compose.setup import jars, system

SERVER_MODULES = (
    *("flask", "flask_cors", "gunicorn", "prometheus_client", "pyspark", "segno"),
    "supervisor",
)
"""Of the extra `server`; those that commands import are missed when they do."""


class NotSetUp(Refused):
    """Something that `make setup` brings is not there."""


def check(settings: Settings) -> None:
    """Make sure that the jars and the system's programs are there.

    Raises:
        NotSetUp: If something is missing; says what, and what brings it.
    """
    needs = [need for need in system.needs() if need.purpose is system.Purpose.RUNNING]
    absent = [need.what for need in needs if not need.met()]
    absent += [
        f"{jars_set.name.capitalize()}'s jars in {settings.jars_dir}"
        for jars_set in jars.missing(settings.jars_dir)
    ]
    absent += [f"Python's {name}" for name in SERVER_MODULES if not find_spec(name)]
    if absent:
        raise NotSetUp(f"Not here: {', '.join(absent)}. In the checkout: make setup")
