"""How many requests one client address may make: a token bucket for each.

A request is the unit, not a reaction: the refusal has to come before the body is
looked at, and what a flood costs us is its requests, whatever they hold.
"""

import functools
import ipaddress
import math
from dataclasses import dataclass

from throttled import Throttled
from throttled.rate_limiter import per_sec
from throttled.store import MemoryStore

from ingest.refusal import Refusal, Refused

ADDRESSES_MAX = 32_768
"""Buckets kept, 15 MB of them. The one unused for longest goes first, and its
address begins anew with a full one."""

_CUSTOMER_BITS = 64
"""Of an IPv6 address: one customer has at least that network to choose from."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What one sender may ask: `per_s` requests for ever, `burst` at once."""

    per_s: int
    burst: int


@dataclass(frozen=True, slots=True)
class _Sender:
    """Whom a bucket belongs to."""

    name: str
    is_loopback: bool = False


class AddressLimits:
    """A bucket for each client address; any thread may take from it.

    Args:
        others: What an address of another machine may ask.
        loopback: What an address of this machine may ask.
        addresses_max: How many buckets are kept.
    """

    def __init__(
        self, others: Rate, loopback: Rate, *, addresses_max: int = ADDRESSES_MAX
    ) -> None:
        self._others = _buckets(others, addresses_max)
        self._loopback = _buckets(loopback, addresses_max)

    def take(self, address: str) -> None:
        """Count a request of `address`.

        Raises:
            Refused: If that was one too many; says when the next will be taken.
        """
        sender = _sender(address)
        buckets = self._loopback if sender.is_loopback else self._others
        taken = buckets.limit(sender.name)
        if taken.limited:
            retry_after_s = max(1, math.ceil(taken.state.retry_after))
            raise Refused(Refusal.RATE_LIMITED, retry_after_s=retry_after_s)


@functools.lru_cache(maxsize=4096)
def _sender(address: str) -> _Sender:
    """Return who is counted for `address`; whatever is none is one sender."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return _Sender("unknown")
    if isinstance(ip, ipaddress.IPv4Address):
        return _Sender(str(ip), ip.is_loopback)
    if ip.ipv4_mapped:
        return _sender(str(ip.ipv4_mapped))
    customer = ipaddress.ip_network((int(ip), _CUSTOMER_BITS), strict=False)
    return _Sender(str(customer), ip.is_loopback)


def _buckets(rate: Rate, addresses_max: int) -> Throttled:
    """Return a store of full buckets.

    The library's GCRA is a token bucket that fills continuously; the one which it
    calls so fills once a second, by a clock that may be set.
    """
    return Throttled(
        using="gcra",
        quota=per_sec(rate.per_s, rate.burst),
        store=MemoryStore(options={"MAX_SIZE": addresses_max}),
    )
