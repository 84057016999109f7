import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.admission import admit
from ingest.batch import Batch
from ingest.reaction import Reaction
from ingest.refusal import Refusal, Refused, Rejection
from ingest.room_state import RoomState

EMOJI = ("❤️", "😂", "🎉")
BAD = Rejection(0, "bad_emoji")


def batch(*emoji: str) -> Batch:
    return Batch("final", "id", 7, [Reaction("u", one, 1) for one in emoji])


def state(**changes: object) -> RoomState:
    return msgspec.structs.replace(RoomState.untouched("final"), **changes)


def test_where_nothing_is_restricted_a_batch_goes_through_as_it_is() -> None:
    given = batch("❤️")
    admitted, rejected = admit(given, (), None)

    assert admitted is given
    assert rejected == ()


def test_a_batch_of_which_all_is_taken_goes_through_as_it_is() -> None:
    given = batch("❤️", "❤️")
    admitted, rejected = admit(given, (BAD,), state(emoji=("❤️",)))

    assert admitted is given
    assert rejected == (BAD,)


def test_what_is_kept_of_a_batch_keeps_its_identity() -> None:
    admitted, _ = admit(batch("❤️", "😂"), (), state(muted=("😂",)))

    assert admitted == batch("❤️")


def test_a_closed_room_takes_nothing_even_if_it_offers_it() -> None:
    with pytest.raises(Refused) as caught:
        admit(batch("❤️"), (), state(open=False, emoji=("❤️",)))

    assert caught.value.refusal is Refusal.ROOM_CLOSED


@given(
    st.lists(st.sampled_from([*EMOJI, None]), min_size=1).filter(any),
    st.none() | st.sets(st.sampled_from(EMOJI), min_size=1),
    st.sets(st.sampled_from(EMOJI)),
)
def test_every_reaction_is_kept_or_named_by_its_place_in_the_post(
    posted: list[str | None], offered: set[str] | None, muted: set[str]
) -> None:
    """None stands for what could not be read."""
    before = [Rejection(n, "bad_emoji") for n, one in enumerate(posted) if one is None]
    room = state(emoji=offered and tuple(offered), muted=tuple(muted))
    try:
        admitted, rejected = admit(batch(*filter(None, posted)), before, room)
        kept = [one.emoji_type for one in admitted.reactions]
    except Refused as error:
        rejected, kept = error.rejected, []

    places = [one.index for one in rejected]
    left = [one for n, one in enumerate(posted) if n not in places]
    assert kept == left
    assert places == sorted(set(places))
    assert all(map(room.allows, kept))
    assert {n: one.reason for n, one in zip(places, rejected, strict=True)} == {
        n: "bad_emoji" if one is None else "emoji_not_offered"
        for n, one in enumerate(posted)
        if one is None or not room.allows(one)
    }
