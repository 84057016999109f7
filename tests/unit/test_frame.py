import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.frame import (
    FRAME_EMOJI_MAX,
    FRAME_MAX_BYTES,
    BadFrame,
    Frame,
    Pulse,
    Stamp,
    epoch_ms,
    epoch_text,
)
from stream.framing import frames_of
from stream.scaling import scaled
from stream.windows import REST, Counts, RoomState

EPOCH = "2026-11-20T18:00:00.000Z"
FAMILY = "👩🏽‍❤️‍💋‍👨🏿"


def made(state: RoomState, room: str = "final") -> list[Frame]:
    return list(
        frames_of(
            room,
            state,
            window_ms=2000,
            appended_ms=dict.fromkeys(state.before, 1412),
            made_ms=1700,
        )
    )


def state(window: Counts, totals: Counts | None = None) -> RoomState:
    return RoomState(
        EPOCH, batch=8123, totals=totals or {}, open={0: window}, before={0: {}}
    )


@pytest.mark.parametrize(
    ("count", "shown"),
    [(1, 1), (999, 1), (1000, 1), (1999, 1), (2000, 2), (3785, 3)],
)
def test_one_is_shown_for_each_full_thousand_and_at_least_one(
    count: int, shown: int
) -> None:
    assert scaled(count) == shown


def test_a_frame_says_all_that_the_contract_names() -> None:
    window = {"😂": 12, "❤️": 3785}

    (frame,) = made(state(window, totals={"❤️": 896315, "😂": 18161}))

    assert json.loads(frame.encode()) == {
        "v": 1,
        "room": "final",
        "epoch": EPOCH,
        "seq": 8123,
        "window_start_ms": 0,
        "window_ms": 2000,
        "counts": {"❤️": 3785, "😂": 12},
        "other": 0,
        "scaled": {"❤️": 3, "😂": 1},
        "share": {"❤️": 0.9968, "😂": 0.0032},
        "mood": {
            "joy": 0.003,
            "love": 0.997,
            "surprise": 0,
            "sadness": 0,
            "anger": 0,
            "other": 0,
        },
        "sentiment": {"positive": 1.0, "neutral": 0.0, "negative": 0.0},
        "total": 918273,
        "totals": {"❤️": 900100, "😂": 18173},
        "times": {"appended_ms": 1412, "made_ms": 1700},
    }


def test_a_trigger_that_changed_two_windows_makes_two_frames_the_older_first() -> None:
    both = RoomState(
        EPOCH,
        batch=1,
        open={2000: {"❤️": 1}, 0: {"❤️": 2}, 4000: {"❤️": 7}},
        before={2000: {}, 0: {}},
    )

    frames = made(both)

    assert [frame.window_start_ms for frame in frames] == [0, 2000]
    assert [frame.total for frame in frames] == [10, 10]


def test_the_largest_kinds_are_named_and_the_rest_summed() -> None:
    many = {chr(0x1F600 + i): i + 1 for i in range(40)}

    (frame,) = made(state(many))

    assert len(frame.counts) == FRAME_EMOJI_MAX
    assert min(frame.counts.values()) == 9
    assert frame.other == sum(range(1, 9))
    assert frame.total == sum(many.values())


@given(
    st.dictionaries(
        st.integers(0, 60).map(lambda i: FAMILY + chr(0x1F3FB + i)),
        st.integers(1, 10**12),
        min_size=1,
        max_size=60,
    )
)
def test_no_frame_is_larger_than_promised_nor_loses_a_count(counts: Counts) -> None:
    (frame,) = made(state(counts, totals=counts), room="r" * 63)

    assert len(frame.encode()) <= FRAME_MAX_BYTES
    assert sum(frame.counts.values()) + frame.other == sum(counts.values())
    assert Frame.decode(frame.encode()) == frame


def test_eight_emoji_fit_whatever_a_record_may_call_one() -> None:
    longest = {chr(ord("a") + i) * 64: 10**15 + i for i in range(12)}

    (frame,) = made(state(longest, totals=longest), room="r" * 63)

    assert len(frame.counts) == 8


@pytest.mark.parametrize(("length", "named"), [(64, 2), (200, 0)])
def test_what_bursts_a_frame_is_summed_and_ends_nothing(
    length: int, named: int
) -> None:
    """In JSON each character of these takes six bytes."""
    window = {chr(i) * length: i for i in (1, 2, 3)}

    (frame,) = made(state(window, totals=window))

    assert len(frame.encode()) <= FRAME_MAX_BYTES
    assert sorted(frame.counts.values()) == [3, 2][:named][::-1]
    assert frame.counts.keys() == frame.scaled.keys() == frame.share.keys()
    assert sum(frame.counts.values()) + frame.other == 6
    assert (frame.total, len(frame.totals)) == (12, named)
    assert sum(frame.mood.values()) == 1
    assert Frame.decode(frame.encode()) == frame


def test_what_the_totals_do_not_name_is_in_the_total() -> None:
    (frame,) = made(state({"❤️": 1}, totals={"❤️": 2, REST: 900}))

    assert (frame.total, frame.totals) == (903, {"❤️": 3})


def test_a_relay_reads_of_a_frame_what_it_needs() -> None:
    (frame,) = made(state({"❤️": 1}))

    stamp = Stamp.decode(frame.encode())

    assert (stamp.room, stamp.position) == ("final", (EPOCH, 8123, 0))


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"v":1,"room":"final"}'],
)
def test_what_is_no_frame_is_refused(raw: bytes) -> None:
    with pytest.raises(BadFrame, match="not a stamp"):
        Stamp.decode(raw)


def test_a_frame_of_a_later_version_is_refused() -> None:
    (frame,) = made(state({"❤️": 1}))
    later = frame.encode().replace(b'"v":1', b'"v":2')

    with pytest.raises(BadFrame, match="version 2 of a frame, not 1"):
        Frame.decode(later)


def test_a_pulse_is_read_as_it_was_written() -> None:
    pulse = Pulse(v=1, epoch=EPOCH, sent_ms=1795226379700)

    assert Pulse.decode(pulse.encode()) == pulse


@given(st.integers(1_700_000_000_000, 4_000_000_000_000), st.integers(1, 10**9))
def test_epochs_sort_as_text_as_they_do_in_time(now_ms: int, later_ms: int) -> None:
    assert epoch_ms(epoch_text(now_ms)) == now_ms
    assert epoch_text(now_ms) < epoch_text(now_ms + later_ms)
