import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ingest.limits import AddressLimits, Rate
from ingest.refusal import Refusal, Refused

FEW = Rate(per_s=1, burst=3)
MANY = Rate(per_s=1_000_000, burst=1_000_000)


class Clock:
    """Stands still unless told to go on."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Replace the clock by which the library fills buckets and forgets them."""
    clock = Clock()
    monkeypatch.setattr("throttled.utils.now_mono_f", clock)
    return clock


def taken(limits: AddressLimits, *addresses: str) -> list[bool]:
    """Tell of each request whether it was let through."""

    def is_taken(address: str) -> bool:
        try:
            limits.take(address)
        except Refused:
            return False
        return True

    return [is_taken(address) for address in addresses]


def test_an_address_may_send_its_burst_and_then_no_more() -> None:
    limits = AddressLimits(FEW, MANY)

    assert taken(limits, *["192.0.2.1"] * 5) == [True] * 3 + [False] * 2


def test_each_address_has_its_own_bucket() -> None:
    limits = AddressLimits(FEW, MANY)
    taken(limits, *["192.0.2.1"] * 9)

    assert taken(limits, "192.0.2.2") == [True]


def test_who_comes_again_when_told_to_is_let_through(clock: Clock) -> None:
    limits = AddressLimits(Rate(per_s=1, burst=1), MANY)
    limits.take("192.0.2.1")
    with pytest.raises(Refused) as refused:
        limits.take("192.0.2.1")
    assert taken(limits, "192.0.2.1") == [False]
    clock.now_s += refused.value.retry_after_s

    assert refused.value.refusal is Refusal.RATE_LIMITED
    assert refused.value.headers == {"Retry-After": "1"}
    assert taken(limits, "192.0.2.1") == [True]


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.8.0.1", "::1", "::ffff:127.0.0.1"]
)
def test_loopback_has_a_rate_of_its_own(address: str) -> None:
    assert all(taken(AddressLimits(FEW, MANY), *[address] * 100))
    assert not all(taken(AddressLimits(MANY, FEW), *[address] * 100))


@pytest.mark.parametrize(
    "addresses",
    [
        ("2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::", "2001:DB8::1"),
        ("192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201", "192.0.2.1"),
        ("", "unknown", "192.0.2.1:80", "[2001:db8::1]:80"),
    ],
)
def test_addresses_of_one_sender_share_a_bucket(addresses: tuple[str, ...]) -> None:
    assert taken(AddressLimits(FEW, MANY), *addresses) == [True, True, True, False]


def test_networks_of_two_customers_do_not_share_a_bucket() -> None:
    limits = AddressLimits(FEW, MANY)
    taken(limits, *["2001:db8:0:1::1"] * 9)

    assert taken(limits, "2001:db8:0:2::1") == [True]


def test_no_more_buckets_are_kept_than_there_is_place_for() -> None:
    limits = AddressLimits(Rate(per_s=1, burst=1), MANY, addresses_max=2)
    first = taken(limits, "192.0.2.1", "192.0.2.2", "192.0.2.1")
    third = taken(limits, "192.0.2.3")  # in the place of .2, unused for longest

    assert first == [True, True, False]
    assert third == [True]
    assert taken(limits, "192.0.2.1", "192.0.2.2") == [False, True]


def test_threads_together_get_no_more_than_the_burst() -> None:
    limits = AddressLimits(Rate(per_s=1, burst=1000), MANY)
    all_there = threading.Barrier(16)

    def ask(_: int) -> int:
        all_there.wait()
        return sum(taken(limits, *["192.0.2.1"] * 200))

    with ThreadPoolExecutor(16) as askers:
        let_through = sum(askers.map(ask, range(16)))

    assert let_through == 1000
