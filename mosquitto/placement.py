"""Who goes where: a client to a cluster and a slot, a slot to a worker.

Pure functions that every process computes for itself: who knows the same names finds
the same places, and nobody has to be asked. By rendezvous hashing a name that comes or
goes moves only what is its own: https://doi.org/10.1109/90.663936, weighted as in
https://www.snia.org/sites/default/files/SDC15_presentations/dist_sys/Jason_Resch_New_Consistent_Hashings_Rev.pdf
"""

import math
from collections.abc import Iterable, Mapping
from hashlib import blake2b

SLOTS = 64
"""Shares of a cluster's registered clients: several for each of up to 16 workers. Part
of the contract: who knows a client's id knows its relay topic."""

CONNECTS_PER_S = 160
"""How many of a cluster's clients come to others in a second when their broker has
died, on average: they come by chance, and so hardly any second has more than 200."""

_HASH_BITS = 32


def all_slots() -> list[str]:
    """Return every slot's name."""
    return [str(number) for number in range(SLOTS)]


def slot_of(client_id: str) -> str:
    """Return the slot of a client: it never changes."""
    return str(_hash(client_id) % SLOTS)


def slots_of(worker: str, live: Iterable[str]) -> frozenset[str]:
    """Return the slots that a worker serves while these workers live.

    Args:
        worker: Which; it need not live.
        live: The names of the cluster's workers.
    """
    names = [*live]
    return frozenset(
        slot
        for slot in all_slots()
        if max(names, key=lambda name: (_hash(f"{slot}/{name}"), name), default=None)
        == worker
    )


def ranked(client_id: str, capacities: Mapping[str, int]) -> list[str]:
    """Return the clusters in the order in which a client should try them.

    Args:
        client_id: Whose order.
        capacities: How many clients each cluster is made for, by its name: one with
            twice the capacity comes first twice as often. Those with none are left out.
    """
    scores = {
        name: capacity / -math.log(_fraction(f"{client_id}/{name}"))
        for name, capacity in capacities.items()
        if capacity > 0
    }
    return sorted(scores, key=lambda name: (-scores[name], name))


def spread_s(members: int) -> float:
    """Return over how long as many clients take leave of a broker that has died.

    To half a second, since it travels with every relayed frame: it seldom changes.
    """
    return max(1.0, math.ceil(2 * members / CONNECTS_PER_S) / 2)


def _hash(text: str) -> int:
    digest = blake2b(text.encode(), digest_size=_HASH_BITS // 8).digest()
    return int.from_bytes(digest, "big")


def _fraction(text: str) -> float:
    """Return a number between 0 and 1, neither of them, that is always the text's."""
    return (_hash(text) + 0.5) / 2.0**_HASH_BITS
