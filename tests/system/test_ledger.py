"""The ledger of a whole system: what senders did, and what became of it."""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.system.stack import Stack

GOOD = {"user_id": "u", "emoji_type": "❤️", "timestamp": 1_795_226_378_000}
SOON_S = 60
POLL_S = 0.2


def ledger_once(
    http: httpx.Client, room: str, is_so: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """Return a room's ledger once it is so; the last one seen if it never is."""
    deadline = time.monotonic() + SOON_S
    found: dict[str, Any] = {}
    while time.monotonic() < deadline:
        answer = http.get(f"/v1/rooms/{room}/ledger")
        if answer.status_code == 200:
            found = answer.json()
            if is_so(found):
                break
        time.sleep(POLL_S)
    return found


def post(http: httpx.Client, room: str, body: object, key: str) -> None:
    answer = http.post(
        f"/v1/rooms/{room}/reactions", json=body, headers={"Idempotency-Key": key}
    )
    assert answer.status_code == 202, answer.text


def test_every_reaction_is_accounted_for(http: httpx.Client, room: str) -> None:
    for key in ("one", "two", "one"):
        post(http, room, [GOOD, GOOD, {**GOOD, "emoji_type": "x"}], key)
    assert http.post(f"/v1/rooms/{room}/reactions", json=[7]).status_code == 422

    found = ledger_once(
        http, room, lambda seen: (seen["total"], seen["sum"]["posts"]) == (4, 4)
    )

    line = found["sum"]
    assert not found["is_wrong"]
    assert line["received"] == 10
    assert line["accepted"] == line["stored"] == 6
    assert line["rejected"] == {"bad_emoji": 3, "not_an_object": 1}
    assert line["refused"] == {"nothing_acceptable": 1}
    assert line["repeated"] == 2
    assert line["counted"] == 4
    assert line["difference"] == line["unreadable"] == line["late"] == 0


def test_the_command_says_the_same_and_ends_well(
    stack: Stack, http: httpx.Client, room: str
) -> None:
    post(http, room, [GOOD] * 3, "three")
    ledger_once(http, room, lambda seen: bool(seen["total"] == 3))

    shown = stack.run("ledger", room)
    told = stack.run("ledger", room, "--json")

    assert shown.returncode == 0, shown.stdout
    assert "Every reaction that was stored is counted once." in shown.stdout
    assert json.loads(told.stdout)["sum"]["counted"] == 3


def test_a_room_that_never_was_has_no_ledger(http: httpx.Client, room: str) -> None:
    answer = http.get(f"/v1/rooms/{room}/ledger")

    assert (answer.status_code, answer.json()["error"]) == (404, "no_ledger")


def test_a_killed_auditor_goes_on_where_it_was(
    stack: Stack, http: httpx.Client, room: str
) -> None:
    post(http, room, [GOOD] * 3, "before")
    ledger_once(http, room, lambda seen: bool(seen["total"] == 3))
    stack.kill("auditor")
    post(http, room, [GOOD] * 4, "meanwhile")

    found = ledger_once(http, room, lambda seen: bool(seen["sum"]["counted"] == 7))

    assert found["sum"]["stored"] == found["sum"]["counted"] == found["total"] == 7
    assert not found["is_wrong"]
