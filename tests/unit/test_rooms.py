import random

from hypothesis import given
from hypothesis import strategies as st

from bridge.record import read
from bridge.rooms import WINDOWS_PER_POLL, EncodedFrame, Removal, Rooms
from ingest.kafka_log import Record
from tests.frames import frame, record


def encoded(room: str, seq: int, window: int, *, epoch: int = 1) -> EncodedFrame:
    found = read(record(frame(room, seq, window, epoch=epoch)))
    assert isinstance(found, EncodedFrame)
    return found


places = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 8), st.integers(0, 5)),
    unique=True,
    min_size=1,
    max_size=12,
)


@given(places, st.randoms(use_true_random=False))
def test_the_newest_frame_travels_whatever_the_order(
    positions: list[tuple[int, int, int]], chance: random.Random
) -> None:
    frames = [encoded("final", seq, w, epoch=epoch) for epoch, seq, w in positions]
    shuffled = chance.sample(frames, len(frames))

    rooms = Rooms()
    travelling = rooms.take(shuffled)

    newest = max(frames, key=lambda one: one.position)
    assert travelling.frames[-1] == newest
    assert rooms.everything().frames == [newest]
    assert travelling.frames == Rooms().take(frames).frames


@given(places, st.integers(0, 12))
def test_polls_split_anywhere_end_with_the_same_frame(
    positions: list[tuple[int, int, int]], cut: int
) -> None:
    frames = [encoded("final", seq, w, epoch=epoch) for epoch, seq, w in positions]
    whole, split = Rooms(), Rooms()

    whole.take(frames)
    split.take(frames[:cut])
    split.take(frames[cut:])

    assert split.everything() == whole.everything()


@given(places)
def test_every_frame_travels_or_is_counted(
    positions: list[tuple[int, int, int]],
) -> None:
    frames = [encoded("final", seq, w, epoch=epoch) for epoch, seq, w in positions]
    rooms = Rooms()
    rooms.take([encoded("final", 4, 2)])

    result = rooms.take(frames)

    assert len(frames) == len(result.frames) + result.replayed + result.superseded


def test_the_last_word_on_each_window_goes_ahead_of_the_newest() -> None:
    rooms = Rooms()
    rooms.take([encoded("final", 1, 6)])

    before, older, last_word, newest = (
        encoded("final", 2, 6),
        encoded("final", 2, 7),
        encoded("final", 3, 7),
        encoded("final", 3, 8),
    )
    travelling = rooms.take([before, older, last_word, newest])

    assert travelling.frames == [before, last_word, newest]
    assert travelling.superseded == 1


def test_of_a_long_backlog_only_the_newest_windows_travel() -> None:
    backlog = [encoded("final", 1, window) for window in range(300)]

    travelling = Rooms().take(backlog)

    assert travelling.frames == backlog[-WINDOWS_PER_POLL:]


def test_a_replayed_frame_does_not_travel_again() -> None:
    rooms = Rooms()
    rooms.take([encoded("final", 5, 8)])

    replay = rooms.take([encoded("final", 5, 8), encoded("final", 4, 7)])

    assert replay.frames == []
    assert replay.replayed == 2


def test_a_new_epoch_is_newer_whatever_its_seq() -> None:
    rooms = Rooms()
    rooms.take([encoded("final", 900, 8)])
    first = encoded("final", 0, 8, epoch=2)

    assert rooms.take([first]).frames == [first]


def test_rooms_do_not_hide_each_other() -> None:
    one, other = encoded("final", 1, 8), encoded("semi", 9, 9)

    assert Rooms().take([other, one]).frames == [other, one]


def test_a_removed_room_is_gone_and_stays_known_as_removed() -> None:
    rooms = Rooms()
    rooms.take([encoded("final", 1, 8)])

    travelling = rooms.take([encoded("final", 2, 8), Removal("final")])

    assert (travelling.frames, travelling.removed) == ([], ["final"])
    assert rooms.everything().frames == []
    assert rooms.everything().removed == ["final"]


def test_a_room_may_come_back_after_its_removal() -> None:
    rooms = Rooms()
    again = encoded("final", 1, 8)

    travelling = rooms.take([encoded("final", 2, 8), Removal("final"), again])

    assert (travelling.frames, travelling.removed) == ([again], [])
    assert rooms.everything().removed == []


def test_of_two_frames_in_one_place_the_later_travels() -> None:
    first = encoded("final", 3, 8)
    rewritten = EncodedFrame(first.stamp, b"as the replay wrote it")

    assert Rooms().take([first, rewritten]).frames == [rewritten]


def test_a_frame_that_a_replay_wrote_otherwise_travels_again() -> None:
    first = encoded("final", 3, 8)
    rewritten = EncodedFrame(first.stamp, b"as the replay wrote it")
    rooms = Rooms()
    rooms.take([first])

    assert rooms.take([first]).frames == []
    assert rooms.take([rewritten]).frames == [rewritten]


def test_a_frame_travels_byte_for_byte() -> None:
    raw = frame("final", 1, 8).encode().replace(b'"v":1', b'"new":[1],"v":1')

    (travels,) = (
        Rooms()
        .take(
            [event]
            if isinstance(event := read(Record(b"final", raw, 0, 0, 0)), EncodedFrame)
            else []
        )
        .frames
    )

    assert travels.payload == raw
