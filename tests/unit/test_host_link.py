import hashlib
from urllib.parse import quote

import pytest
from flask import Request
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer
from werkzeug.test import EnvironBuilder

from ingest.host_link import Grant, HostLinks, NotHost, NoToken
from ingest.refusal import Refused

NOW_S = 1_000
GRANT = Grant("final", "Anna", NOW_S + 1)


def links(key: str = "secret", now_s: float = NOW_S) -> HostLinks:
    return HostLinks(key, lambda: now_s)


def asked(authorization: str | None) -> Request:
    headers = [] if authorization is None else [("Authorization", authorization)]
    return Request(EnvironBuilder(headers=headers).get_environ())


def refusal(token: str, knows: HostLinks | None = None, room: str = "final") -> Refused:
    with pytest.raises(Refused) as caught:
        (knows or links()).host_of(asked(f"Bearer {token}"), room)
    return caught.value


def test_a_token_makes_its_bearer_the_host_of_its_room() -> None:
    token = links().token(GRANT)

    assert links().host_of(asked(f"Bearer {token}"), "final") == "Anna"


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=64))
def test_a_token_stands_in_an_address_as_it_is(by: str) -> None:
    token = links().token(Grant("final", by, NOW_S + 1))

    assert quote(token, safe="") == token
    assert links().host_of(asked(f"Bearer {token}"), "final") == by


def test_a_token_is_good_for_no_other_room() -> None:
    assert isinstance(refusal(links().token(GRANT), room="semi"), NotHost)


def test_a_token_ends_when_it_says() -> None:
    token = links().token(GRANT)

    assert isinstance(refusal(token, links(now_s=GRANT.until_s)), NotHost)


def test_nobody_makes_a_token_without_the_secret() -> None:
    assert isinstance(refusal(links("guessed").token(GRANT)), NotHost)


def test_a_token_cannot_be_changed() -> None:
    token = links().token(GRANT)
    body, signature = token.split(".")
    other = links("guessed").token(Grant("final", "Anna", NOW_S + 9)).split(".")[0]

    for forged in (
        f"{other}.{signature}",
        body,
        f"{body}.",
        f".{signature}",
        token[1:],
    ):
        assert isinstance(refusal(forged), NotHost)


def signed(purpose: str) -> str:
    said = {"room": "final", "by": "Anna", "until_s": NOW_S + 1}
    how = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
    return str(URLSafeSerializer("secret", salt=purpose, signer_kwargs=how).dumps(said))


def test_what_is_signed_for_something_else_is_no_token() -> None:
    token = signed("emostream host")

    assert links().host_of(asked(f"Bearer {token}"), "final") == "Anna"
    assert isinstance(refusal(signed("another purpose")), NotHost)


def test_without_a_secret_nobody_is_a_host() -> None:
    assert isinstance(refusal(links("").token(GRANT), links("")), NotHost)


@pytest.mark.parametrize(
    "given", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Token x", "x"]
)
def test_who_says_nothing_is_told_how(given: str | None) -> None:
    with pytest.raises(NoToken) as caught:
        links().host_of(asked(given), "final")

    assert caught.value.headers == {"WWW-Authenticate": "Bearer"}
