"""What is Docker's business where each part is a container, and what we say then."""

from compose import credentials
from compose.errors import Refused
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


def command(*, is_contained: bool) -> str:
    """Name the command by which a person starts and stops parts, and reads logs."""
    return "docker compose" if is_contained else "emostream"


def starts(settings: Settings) -> str:
    """Name what a person types to have all that does not run started."""
    return f"`{command(is_contained=settings.is_contained)} up`"


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


def _is_outside(settings: Settings) -> bool:
    path = settings.state_dir / credentials.FILE
    return settings.is_contained and not path.exists()
