"""Whether clusters may be closed: pure, every refusal one sentence."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from compose.brokers import cluster_names
from compose.errors import Refused
from compose.scaling.audience import Seen
from compose.scaling.drains import Drain
from compose.settings import Settings


def check_cluster(settings: Settings, cluster: str) -> None:
    """Make sure that there is a cluster of that name.

    Raises:
        Refused: If there is none.
    """
    names = cluster_names(settings)
    if cluster not in names:
        all_ = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
        raise Refused(f"There is no cluster {cluster!r}, only {all_}.")


def check_room(
    settings: Settings,
    closing: Sequence[str],
    closed: AbstractSet[str],
    seen: Mapping[str, Seen],
) -> None:
    """Make sure that the other clusters can take the members of those that close.

    Args:
        settings: Name the clusters.
        closing: Which are to be closed.
        closed: Which are closed already.
        seen: The clusters that live.

    Raises:
        Refused: If they cannot; with figures.
    """
    leaving = {*closing, *closed}
    open_ = [name for name in cluster_names(settings) if name not in leaving]
    others = [name for name in open_ if name in seen]
    who = " and ".join(closing)
    if open_ and not others:
        raise Refused(
            f"{' and '.join(open_)} {'does' if len(open_) == 1 else 'do'} not answer:"
            f" nobody knows whether there is room for the clients of {who}."
        )
    if not others:
        raise Refused(
            f"No other cluster than {who} takes clients: there is nowhere to go."
        )
    members = sum(seen[name].members for name in leaving if name in seen)
    room = sum(max(0, seen[name].capacity - seen[name].members) for name in others)
    if members > room:
        raise Refused(
            f"Without {who} {members:,} clients would have to go, and {room:,} places"
            f" are left, at {' and '.join(others)}."
        )


def still_there(left: Mapping[str, int | None]) -> str:
    """Say who has not moved in time.

    Args:
        left: How many clients each cluster has left; None where it does not answer.
    """
    return ", ".join(
        f"{name} does not answer"
        if count is None
        else f"{count:,} {'client has' if count == 1 else 'clients have'} not moved"
        f" from {name}"
        for name, count in left.items()
    )


def are_closed(closed: Sequence[Drain]) -> str:
    """Say that clusters take nobody any more."""
    spread_s = max(drain.spread_s for drain in closed)
    return (
        f"{_named(closed, 'is', 'are')} closed: nobody new comes, and who has joined"
        f" moves within {spread_s:g} s."
    )


def stays_closed(closed: Sequence[Drain]) -> str:
    """Say how the drain of clusters that are closed goes on, or is taken back."""
    names = [drain.cluster for drain in closed]
    ends = [f"`emostream drain {name} --force`" for name in names]
    if closed[0].is_leaving:
        ends = ["`emostream scale` as before, with `--force`,"]
    opens = " and ".join(f"`emostream undrain {name}`" for name in names)
    it = "it" if len(names) == 1 else "them"
    return (
        f"{_named(closed, 'stays', 'stay')} closed: {' and '.join(ends)} stops {it}"
        f" anyhow, {opens} opens {it} again."
    )


def names_of(drains: Sequence[Drain]) -> str:
    """Return the clusters of some drains, in words."""
    return " and ".join(drain.cluster for drain in drains)


def _named(drains: Sequence[Drain], one: str, several: str) -> str:
    return f"{names_of(drains)} {one if len(drains) == 1 else several}"
