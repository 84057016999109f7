"""Which of a batch's reactions their room takes now; pure."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from ingest.batch import Batch
from ingest.reaction import Reaction, Reason
from ingest.refusal import Refusal, Refused, Rejection
from ingest.room_state import RoomState


def admit(
    batch: Batch, rejected: Sequence[Rejection], state: RoomState | None
) -> tuple[Batch, Sequence[Rejection]]:
    """Return what of a batch is to be stored, and all that is left out of it.

    Args:
        batch: What could be read.
        rejected: What was left out before.
        state: What the room takes; None: anything.

    Raises:
        Refused: If the room is closed, or takes none of it.
    """
    if state is None:
        return batch, rejected
    if not state.open:
        raise Refused(Refusal.ROOM_CLOSED)
    given = {reaction.emoji_type for reaction in batch.reactions}
    barred = {emoji for emoji in given if not state.allows(emoji)}
    if not barred:
        return batch, rejected
    left_out = sorted(
        [*rejected, *_rejections(batch.reactions, rejected, barred)],
        key=lambda rejection: rejection.index,
    )
    kept = [one for one in batch.reactions if one.emoji_type not in barred]
    if not kept:
        raise Refused(Refusal.NOTHING_ACCEPTABLE, rejected=left_out)
    return replace(batch, reactions=kept), left_out


def _rejections(
    reactions: Sequence[Reaction], rejected: Sequence[Rejection], barred: set[str]
) -> list[Rejection]:
    """Name what is barred by its place in the POST, where the rejected stood, too."""
    taken = {rejection.index for rejection in rejected}
    places = (place for place in count() if place not in taken)
    return [
        Rejection(place, Reason.EMOJI_NOT_OFFERED)
        for place, reaction in zip(places, reactions, strict=False)
        if reaction.emoji_type in barred
    ]
