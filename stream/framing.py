"""From what is known of a room to the frames that its audience gets."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from stream.frame import FRAME_EMOJI_MAX, FRAME_MAX_BYTES, Frame, Times
from stream.mood import mood_shares, sentiment_shares
from stream.scaling import scaled
from stream.windows import REST, Counts, RoomState

_SHARE_DIGITS = 4
_FEWER = (FRAME_EMOJI_MAX, 24, 16, 12, 8, 4, 2, 1)
"""How many emoji are tried until a frame fits.

Eight do, however long `stream.record` lets them be. Fewer are for what was counted
before it had that bound, and with none at all every frame fits.
"""


def frames_of(
    room: str,
    state: RoomState,
    *,
    window_ms: int,
    appended_ms: Mapping[int, int],
    made_ms: int,
) -> Iterator[Frame]:
    """Make a frame for each window that the newest trigger changed, oldest first.

    Args:
        room: Whose state it is.
        state: What the newest trigger left.
        window_ms: Length of a window.
        appended_ms: When the newest reaction of each window was stored.
        made_ms: The time now.
    """
    totals = state.all_totals()
    for start_ms in sorted(state.before.keys() & state.open.keys()):
        times = Times(appended_ms.get(start_ms, made_ms), made_ms)
        window = (start_ms, window_ms)
        yield _fitting(
            partial(
                _frame,
                room=room,
                state=state,
                totals=totals,
                window=window,
                times=times,
            )
        )


def _fitting(make: Callable[[int], Frame]) -> Frame:
    """Make the frame with as many emoji as its size allows."""
    for limit in _FEWER:
        frame = make(limit)
        if len(frame.encode()) <= FRAME_MAX_BYTES:
            return frame
    return make(0)  # never an error: the trigger would be repeated for ever


def _frame(  # noqa: PLR0913 - all that a frame is made of
    limit: int,
    *,
    room: str,
    state: RoomState,
    totals: Counts,
    window: tuple[int, int],
    times: Times,
) -> Frame:
    counts = state.open[window[0]]
    everything = sum(counts.values())
    named = {emoji: n for emoji, n in totals.items() if emoji != REST}
    shown = _largest(counts, limit)
    return Frame(
        v=1,
        room=room,
        epoch=state.epoch,
        seq=state.batch,
        window_start_ms=window[0],
        window_ms=window[1],
        counts=shown,
        other=everything - sum(shown.values()),
        scaled={emoji: scaled(n) for emoji, n in shown.items()},
        share={e: round(n / everything, _SHARE_DIGITS) for e, n in shown.items()},
        mood=mood_shares(counts),
        sentiment=sentiment_shares(counts),
        total=sum(totals.values()),
        totals=_largest(named, limit),
        times=times,
    )


def _largest(counts: Counts, limit: int) -> Counts:
    """Return the largest counts, largest first; of equals by emoji."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return dict(ranked[:limit])
