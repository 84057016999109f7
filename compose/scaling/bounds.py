"""Between which numbers the load may change how many clusters and workers there are."""

from dataclasses import dataclass
from typing import Self

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
    bounds = Bounds.of(settings)
    for name, number, fewest, most in (
        ("clusters", settings.clusters, bounds.clusters_min, bounds.clusters_max),
        ("workers", settings.workers, bounds.workers_min, bounds.workers_max),
    ):
        if not fewest <= number <= most:
            raise BadSetting(
                f"{variable(name)}={number} is not within"
                f" {variable(f'{name}_min')}={fewest} and"
                f" {variable(f'{name}_max')}={most}, as auto-scaling needs it"
            )
