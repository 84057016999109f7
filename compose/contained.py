"""What is Docker's business where each part is a container, and what we say then."""

from importlib.util import find_spec

from compose.errors import Refused
from compose.layout import Layout
from compose.settings import Settings

DOCKERS = (
    "Each part is a container here: `docker compose up --detach --wait` starts them,"
    " `docker compose down` stops them, `docker compose logs NAME` shows a log"
    " (docs/containers.md)."
)

OUTSIDE = (
    "This container sees only what is published. Inside the system, where its secrets"
    " are: `docker compose exec web emostream …` (docs/containers.md)."
)

WITH_SPARK = (
    "Spark is in another container: `docker compose run --rm --no-deps stream emostream"
    " …` has one of its own."
)


def command(*, is_contained: bool) -> str:
    """Name what stops parts, and shows logs."""
    return "docker compose" if is_contained else "emostream"


def up(*, is_contained: bool) -> str:
    """Name the one that starts all that does not run."""
    # Ctrl-C would stop all of them that were not started `--detach`.
    return "docker compose up --detach --wait" if is_contained else "emostream up"


def starts(settings: Settings) -> str:
    """Name what a person types to have all that does not run started."""
    return f"`{up(is_contained=settings.is_contained)}`"


def natively() -> Settings:
    """Return the settings of a command that starts, stops or reads processes.

    Raises:
        Refused: If the parts are containers.
    """
    chosen = Settings.load()
    if chosen.is_contained:
        raise Refused(DOCKERS)
    return chosen


def inside() -> Settings:
    """Return the settings of a command that needs a secret, or what is not published.

    Raises:
        Refused: If this is a container without any of the system's volumes.
    """
    chosen = Settings.load()
    if _is_outside(chosen):
        raise Refused(OUTSIDE)
    return chosen


def with_spark() -> Settings:
    """Return the settings of a command that needs Spark, and the system's inside.

    Raises:
        Refused: If this is a container without the one or the other.
    """
    chosen = inside()
    if chosen.is_contained and find_spec("pyspark") is None:
        raise Refused(WITH_SPARK)
    return chosen


def _is_outside(settings: Settings) -> bool:
    return settings.is_contained and not Layout(settings.state_dir).mark.exists()
