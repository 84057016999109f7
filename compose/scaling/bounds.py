"""Between which numbers the load may change how many clusters and workers there are."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from compose.errors import Refused
from compose.settings import BadSetting, Settings, variable


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How few and how many there may be. By hand there may be others."""

    clusters_min: int
    clusters_max: int
    workers_min: int
    workers_max: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return what the settings say."""
        return cls(
            clusters_min=settings.clusters_min,
            clusters_max=settings.clusters_max,
            workers_min=settings.workers_min,
            workers_max=settings.workers_max,
        )


def check(settings: Settings) -> None:
    """Make sure that a start with these settings lies within the bounds.

    Raises:
        BadSetting: If it does not; says which setting.
    """
    for name, number, fewest, most in _outside(settings):
        raise BadSetting(
            f"{variable(name)}={number} is not within"
            f" {variable(f'{name}_min')}={fewest} and"
            f" {variable(f'{name}_max')}={most}, as auto-scaling needs it"
        )


def check_running(settings: Settings) -> None:
    """Make sure that what runs lies within the bounds; it may be scaled by hand.

    Args:
        settings: What runs, with the bounds that this process reads.

    Raises:
        Refused: If it does not; says what helps.
    """
    for name, number, fewest, most in _outside(settings):
        nearest = min(max(number, fewest), most)
        bound = f"{name}_{'min' if number < fewest else 'max'}"
        raise Refused(
            f"The {name} that run are {number}, and {variable(bound)} is {nearest}"
            f" ({settings.origin(bound)}):"
            f" `emostream scale --{name} {nearest}` first, or set that bound otherwise."
        )


def _outside(settings: Settings) -> Iterator[tuple[str, int, int, int]]:
    """Yield what lies outside: its name, how many, the fewest, the most."""
    bounds = Bounds.of(settings)
    if not bounds.clusters_min <= settings.clusters <= bounds.clusters_max:
        yield "clusters", settings.clusters, bounds.clusters_min, bounds.clusters_max
    if not bounds.workers_min <= settings.workers <= bounds.workers_max:
        yield "workers", settings.workers, bounds.workers_min, bounds.workers_max
