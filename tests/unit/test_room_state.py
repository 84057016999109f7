import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.refusal import Refusal, Refused
from ingest.room_state import EMOJI_MAX, Change, Entry, RoomState, Wish
from tests.contract import EMOJI

WISH: dict[str, Any] = {"open": True, "emoji": None, "muted": []}


def wished(**changes: object) -> Wish:
    return Wish.read(json.dumps(WISH | changes).encode())


def refused(body: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        Wish.read(body)
    return caught.value


def state(**changes: object) -> RoomState:
    return msgspec.structs.replace(RoomState.untouched("final"), **changes)


def test_a_wish_has_its_emoji_in_canonical_form_and_in_its_order() -> None:
    wish = wished(emoji=[":joy:", "☕", "❤"], muted=["❤️"])

    assert wish == Wish(open=True, emoji=("😂", "☕", "❤️"), muted=("❤️",))


def test_an_emoji_that_is_named_twice_counts_once() -> None:
    offered = ["❤️", ":heart:", "❤"] * EMOJI_MAX

    assert wished(emoji=offered).emoji == ("❤️",)


@pytest.mark.parametrize(
    "wrong",
    [
        {"open": 1},
        {"emoji": []},
        {"emoji": "❤️"},
        {"emoji": ["❤️😂"]},
        {"emoji": [None]},
        {"emoji": EMOJI[: EMOJI_MAX + 1]},
        {"muted": None},
        {"muted": ["x" * 1000]},
        {"muted": EMOJI[: EMOJI_MAX + 1]},
        {"version": 7},
    ],
    ids=str,
)
def test_what_no_room_can_be_is_refused_with_what_is_wrong(
    wrong: dict[str, Any],
) -> None:
    refusal = refused(json.dumps(WISH | wrong).encode())

    assert refusal.refusal is Refusal.BAD_STATE
    assert refusal.help != Refusal.BAD_STATE.help
    assert refusal.help.endswith(".")
    assert len(refusal.help) < 200


@pytest.mark.parametrize("field", ["open", "emoji", "muted"])
def test_a_wish_is_whole(field: str) -> None:
    part = {name: value for name, value in WISH.items() if name != field}

    assert refused(json.dumps(part).encode()).refusal is Refusal.BAD_STATE


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"muted": ["\xff"]}'])
def test_what_is_no_json_is_called_so(body: bytes) -> None:
    assert refused(body).refusal is Refusal.BAD_JSON


@given(st.binary(max_size=64))
def test_whatever_comes_is_a_wish_or_refused(body: bytes) -> None:
    assert refused(body).refusal in {Refusal.BAD_JSON, Refusal.BAD_STATE}


def test_as_many_as_can_be_are_offered_and_muted() -> None:
    most = EMOJI[:EMOJI_MAX]
    wish = wished(emoji=most, muted=most)

    assert wish.emoji == wish.muted == tuple(most)


@pytest.mark.parametrize(
    ("room", "restricts", "allowed"),
    [
        (state(), False, {"❤️", "😂"}),
        (state(emoji=("❤️",)), True, {"❤️"}),
        (state(muted=("❤️",)), True, {"😂"}),
        (state(emoji=("❤️", "😂"), muted=("😂", "🎉")), True, {"❤️"}),
        (state(open=False), True, {"❤️", "😂"}),
    ],
)
def test_a_room_takes_what_it_offers_and_does_not_mute(
    room: RoomState,
    restricts: bool,  # noqa: FBT001 - a parameter of the test
    allowed: set[str],
) -> None:
    assert room.restricts is restricts
    assert {emoji for emoji in ("❤️", "😂") if room.allows(emoji)} == allowed


def test_an_entry_is_read_as_it_was_written() -> None:
    entry = Entry.of(Wish(open=False, emoji=("❤️",), muted=()), "Anna")

    assert Entry.decode(entry.encode()) == entry


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff",
        b"{}",
        b'{"v":2,"open":true,"emoji":null,"muted":[],"by":"a"}',
        b'{"v":1,"open":true,"emoji":null,"muted":[],"by":""}',
        b'{"v":1,"open":true,"emoji":[],"muted":[],"by":"a"}',
    ],
)
def test_what_is_no_entry_is_not_read(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Entry.decode(raw)


def test_everybody_is_told_all_of_a_change_but_whose_it_was() -> None:
    change = Change(7, 1795226379700, "Anna", open=True, emoji=("❤️",), muted=("😂",))
    told = RoomState.after(change, "final").encode()

    assert told.decode() == (
        '{"v":1,"room":"final","version":7,"open":true,"emoji":["❤️"],'
        '"muted":["😂"],"changed_ms":1795226379700}'
    )


def test_a_room_that_nobody_touched_has_no_version_and_takes_anything() -> None:
    untouched = RoomState.untouched("final")

    assert (untouched.version, untouched.changed_ms) == (0, 0)
    assert not untouched.restricts
