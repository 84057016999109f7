"""What is opened to a network: where, and what people are told of it."""

import re

import pytest

from compose import banner, network, openness
from compose.settings import BadSetting, Settings

OTHER = "127.0.0.2"
"""An address of this machine beside the usual one, wherever loopback is a network."""

TEST_NET = "203.0.113.7"
"""Nobody's address, for ever."""


def test_without_a_public_host_nothing_is_opened() -> None:
    assert network.listened("") == ["127.0.0.1"]
    assert openness.openings(Settings(public_host="")) == ()
    assert openness.text(Settings(public_host=""), with_code=True) == ""


def test_a_public_host_is_listened_on_beside_loopback() -> None:
    assert network.listened(OTHER) == ["127.0.0.1", OTHER]


@pytest.mark.parametrize(
    "host",
    ["0", "0.0.0.0", "127.0.0.1", "localhost", TEST_NET, "255.255.255.255"],  # noqa: S104
)
def test_what_is_no_address_of_this_machine_is_refused_with_those_that_are(
    host: str,
) -> None:
    with pytest.raises(BadSetting) as refusal:
        network.public_address(host)

    assert str(refusal.value).startswith(f"EMOSTREAM_PUBLIC_HOST={host}")
    for address in network.own_addresses():
        assert address in str(refusal.value)


def test_a_name_that_nobody_knows_is_refused() -> None:
    with pytest.raises(BadSetting, match="cannot resolve"):
        network.public_address("nowhere.invalid")


def test_a_name_stands_for_the_address_of_ours_that_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def resolve(*_: object) -> list[tuple[object, ...]]:
        found = ("127.0.1.1", TEST_NET, *network.own_addresses())
        return [(0, 0, 0, "", (address, 0)) for address in found]

    monkeypatch.setattr("socket.getaddrinfo", resolve)
    ours = network.own_addresses()
    if not ours:
        pytest.skip("this machine is on no network")

    assert network.public_address("me.example") == ours[0]


def test_what_is_open_is_told_port_by_port_with_its_limits() -> None:
    settings = Settings(
        public_host=OTHER,
        http_port=18080,
        cluster_ws_port=19885,
        clusters=2,
        web_workers=2,
        address_requests_per_s=50,
        address_burst=70,
    )

    web, *sockets = openness.openings(settings)

    assert web.where == f"http://{OTHER}:18080"
    assert "100 requests a second an address, 140 at once" in web.what
    assert [one.where for one in sockets] == [
        f"ws://{OTHER}:19885",
        f"ws://{OTHER}:19886",
    ]


def test_up_tells_what_is_open_and_what_is_not() -> None:
    settings = Settings(public_host=OTHER, http_port=18080)

    text = banner.ready_text(settings)

    for one in openness.openings(settings):
        assert f"  {one.where}  {one.what}\n" in text
    assert f"On a phone: http://{OTHER}:18080/\n" in text
    assert re.search(r"listens on 127\.0\.0\.1 alone: .*Kafka", text)


def test_the_code_for_phones_is_for_terminals_alone() -> None:
    settings = Settings(public_host=OTHER)

    assert "█" in banner.ready_text(settings, with_code=True)
    assert "█" not in banner.ready_text(settings)


def test_up_says_first_what_to_open() -> None:
    text = banner.ready_text(Settings(http_port=18080))

    assert text.splitlines()[2] == "  http://127.0.0.1:18080/"
    assert "Open to everybody" not in text
