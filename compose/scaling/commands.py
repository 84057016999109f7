"""The commands that change the running system: `drain`, `undrain`, `scale`.

What needs the extra `server` is imported inside them: a light install has none of it.
"""
# ruff: noqa: PLC0415

from typing import Annotated

import typer

from compose import problems
from compose.contained import natively
from compose.scaling.drains import SPREAD_S
from compose.settings import CLUSTERS_MAX, WORKERS_MAX

_Cluster = Annotated[str, typer.Argument(help="Such as cluster-2.")]
_Spread = Annotated[
    float, typer.Option(min=0, max=3600, help="Seconds over which clients move.")
]
_Force = Annotated[
    bool, typer.Option("--force", help="Stop it also if somebody has not moved then.")
]


def drain(
    cluster: _Cluster,
    spread: _Spread = SPREAD_S,
    force: _Force = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Move a cluster's clients to the others, then stop it.

    Nobody misses a frame who follows `control/move`. Until `undrain`, or `down` and
    `up`, the cluster stays out of use.
    """
    with problems.told():
        from compose import operate

        operate.drain(natively(), cluster, spread, force=force)


def undrain(cluster: _Cluster) -> None:
    """Use a drained cluster again, and wait until it is ready."""
    with problems.told():
        from compose import operate

        operate.undrain(natively(), cluster)


def scale(
    clusters: Annotated[
        int | None, typer.Option(min=1, max=CLUSTERS_MAX, help="Edge brokers.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=WORKERS_MAX, help="Of each cluster.")
    ] = None,
    auto: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--auto", help="By the load, until Ctrl-C.")
    ] = False,
    spread: _Spread = SPREAD_S,
    force: _Force = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Change how many clusters and workers run, without stopping the system.

    Clusters that go, the last ones, are drained first. A call that was ended halfway is
    finished by the same call. `down` and `up` begin with the settings' numbers again.
    """
    named = [clusters is not None or workers is not None, auto]
    if sum(named) != 1:
        raise typer.BadParameter("name --clusters, --workers, or both; or --auto")
    if auto and (force or spread != SPREAD_S):
        raise typer.BadParameter("--spread and --force are not for --auto")
    with problems.told():
        from compose import operate

        if auto:
            operate.scale_by_load(natively())
        operate.scale(natively(), clusters, workers, spread_s=spread, force=force)
