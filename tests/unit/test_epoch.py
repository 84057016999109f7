import json
from pathlib import Path

import msgspec
import pytest

from stream.checkpoint import Checkpoint
from stream.epoch import Epoch, Shape, begin
from stream.windows import Offsets, RoomState

SHAPE = Shape("reactions", "topic-1", window_ms=2000, dedupe_s=60, shuffle_partitions=2)
FIRST = "2026-11-20T18:00:00.000Z"
NOON_MS = 1795262400000


class ReactionLogOf:
    """A log of two partitions, with the ids of what lies between two positions."""

    def __init__(self, low: int = 0, high: int = 100, at_time: int = 40) -> None:
        self._low, self._high, self._at_time = low, high, at_time
        self.asked_ms: int | None = None

    def bounds(self, topic: str) -> tuple[Offsets, Offsets]:
        assert topic == "reactions"
        return self._both(self._low), self._both(self._high)

    def offsets_at(self, topic: str, time_ms: int) -> Offsets:
        assert topic == "reactions"
        self.asked_ms = time_ms
        return self._both(self._at_time)

    def batch_ids(
        self, topic: str, start: Offsets, end: Offsets
    ) -> list[tuple[str, str]]:
        return [(topic, f"{p}/{o}") for p in end for o in range(start[p], end[p])]

    @staticmethod
    def _both(offset: int) -> Offsets:
        return {"0": offset, "1": offset}


def written(batch: int, start: int, through_ms: int = 0) -> RoomState:
    offsets = {"0": start, "1": start}
    return RoomState(FIRST, batch, offsets, through_ms, totals={"❤️": 1})


def planned(checkpoint: Checkpoint, *ends: int) -> None:
    """Write the offsets of triggers 0, 1, … as Spark does."""
    folder = checkpoint.spark / "offsets"
    folder.mkdir(parents=True)
    (checkpoint.spark / "metadata").write_text("{}")
    (checkpoint.spark / "state").mkdir()
    for batch, end in enumerate(ends):
        offsets = json.dumps({"reactions": {"0": end, "1": end}})
        (folder / str(batch)).write_text(f'v1\n{{"batchWatermarkMs":0}}\n{offsets}')


def test_the_first_epoch_starts_with_the_oldest_reaction_kept() -> None:
    epoch = begin(SHAPE, {}, ReactionLogOf(low=7), now_ms=NOON_MS)

    assert epoch.start == {"0": 7, "1": 7}
    assert (epoch.cut, epoch.known) == (None, [])


def test_the_next_epoch_starts_where_the_newest_trigger_had_started() -> None:
    states = {"a": written(4, 30), "b": written(5, 42)}

    epoch = begin(SHAPE, states, ReactionLogOf(), now_ms=NOON_MS)

    assert epoch.cut == (FIRST, 5)
    assert epoch.start == {"0": 42, "1": 42}


def test_what_was_counted_since_the_last_summing_up_is_known_by_its_ids() -> None:
    reactions = ReactionLogOf(at_time=40)
    states = {"a": written(4, 30, through_ms=2000), "b": written(5, 42, through_ms=8)}

    epoch = begin(SHAPE, states, reactions, now_ms=NOON_MS)

    assert reactions.asked_ms == 2000
    assert {batch_id for _, batch_id in epoch.known} == {"0/40", "0/41", "1/40", "1/41"}


def test_an_epoch_is_later_than_any_before_whatever_the_clock_says() -> None:
    epoch = begin(SHAPE, {"a": written(1, 1)}, ReactionLogOf(), now_ms=5)

    assert epoch.name == "2026-11-20T18:00:00.001Z"


@pytest.mark.parametrize(("kept_from", "starts"), [(50, 50), (0, 42)])
def test_an_epoch_starts_no_earlier_than_what_is_kept(
    kept_from: int, starts: int
) -> None:
    log = ReactionLogOf(low=kept_from)

    epoch = begin(SHAPE, {"a": written(5, 42)}, log, now_ms=NOON_MS)

    assert epoch.start["0"] == starts


def test_an_epoch_counts_from_the_oldest_window_that_it_counts_again() -> None:
    def wrote(batch: int, *windows: int) -> RoomState:
        before = {window: {"❤️": 1} for window in windows}
        return msgspec.structs.replace(written(batch, 30), before=before)

    states = {"a": wrote(5, 8000, 6000), "b": wrote(5, 8000), "c": wrote(4, 2000)}

    assert begin(SHAPE, states, ReactionLogOf(), now_ms=NOON_MS).since_ms == 6000
    assert begin(SHAPE, {}, ReactionLogOf(), now_ms=NOON_MS).since_ms == NOON_MS


def test_an_epoch_keeps_why_it_began(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path)
    first = checkpoint.epoch(SHAPE, {}, ReactionLogOf())
    planned(checkpoint, 10, 20)
    other = msgspec.structs.replace(SHAPE, window_ms=1000, shuffle_partitions=3)

    second = checkpoint.epoch(other, {}, ReactionLogOf())
    planned(checkpoint, 10, 20)
    newer = msgspec.structs.replace(written(7, 20), epoch=second.name)
    third = checkpoint.epoch(other, {"a": newer}, ReactionLogOf())

    assert first.reason == "there is no checkpoint"
    assert (
        second.reason == "window_ms is 1000, was 2000; shuffle_partitions is 3, was 2"
    )
    assert third.reason.startswith("the checkpoint is older than what is known of")
    assert Epoch.read_beside(tmp_path) == third


def test_a_topic_made_anew_is_told_as_such() -> None:
    other = msgspec.structs.replace(SHAPE, topic_id="another")

    assert other.changes_from(SHAPE) == "the topic reactions was made anew"


def test_a_checkpoint_goes_on_in_its_epoch(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path)
    epoch = checkpoint.epoch(SHAPE, {}, ReactionLogOf())
    planned(checkpoint, 10, 20)

    assert checkpoint.epoch(SHAPE, {}, ReactionLogOf()) == epoch


def test_a_trigger_starts_where_the_one_before_it_ended(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path)
    epoch = checkpoint.epoch(SHAPE, {}, ReactionLogOf(low=3))
    planned(checkpoint, 10, 20)

    starts = [checkpoint.start_of(batch, "reactions", epoch) for batch in (0, 1, 2)]

    assert [start["0"] for start in starts] == [3, 10, 20]


@pytest.mark.parametrize(
    ("shape", "reactions"),
    [
        (msgspec.structs.replace(SHAPE, window_ms=1000), ReactionLogOf()),
        (msgspec.structs.replace(SHAPE, dedupe_s=90), ReactionLogOf()),
        (msgspec.structs.replace(SHAPE, topic_id="made anew"), ReactionLogOf()),
        (SHAPE, ReactionLogOf(high=19)),
        (SHAPE, ReactionLogOf(low=1)),
    ],
    ids=[
        "another window",
        "another dedupe",
        "another topic of that name",
        "a log that ends before the checkpoint",
        "a log that begins after what is to be read next",
    ],
)
def test_a_checkpoint_that_cannot_go_on_is_set_aside(
    tmp_path: Path, shape: Shape, reactions: ReactionLogOf
) -> None:
    checkpoint = Checkpoint(tmp_path)
    before = checkpoint.epoch(SHAPE, {}, ReactionLogOf())
    planned(checkpoint, 10, 20)

    after = checkpoint.epoch(shape, {"a": written(1, 10)}, reactions)

    assert after.name > before.name
    assert not checkpoint.spark.exists()
    assert len(list(tmp_path.glob("checkpoint.*"))) == 1


@pytest.mark.parametrize("content", [None, b"", b"{}"])
def test_a_checkpoint_without_a_readable_epoch_is_set_aside(
    tmp_path: Path, content: bytes | None
) -> None:
    checkpoint = Checkpoint(tmp_path)
    planned(checkpoint, 10)
    if content is not None:
        (tmp_path / "epoch.json").write_bytes(content)

    checkpoint.epoch(SHAPE, {"a": written(1, 10)}, ReactionLogOf())

    assert not checkpoint.spark.exists()


@pytest.mark.parametrize("lost", ["metadata", "state"])
def test_a_checkpoint_of_which_a_part_was_deleted_is_set_aside(
    tmp_path: Path, lost: str
) -> None:
    checkpoint = Checkpoint(tmp_path)
    checkpoint.epoch(SHAPE, {}, ReactionLogOf())
    planned(checkpoint, 10, 20)
    (checkpoint.spark / lost).rename(tmp_path / lost)

    checkpoint.epoch(SHAPE, {}, ReactionLogOf())

    assert not checkpoint.spark.exists()


def test_before_its_first_trigger_has_ended_a_checkpoint_has_no_state(
    tmp_path: Path,
) -> None:
    checkpoint = Checkpoint(tmp_path)
    epoch = checkpoint.epoch(SHAPE, {}, ReactionLogOf())
    planned(checkpoint, 10)
    (checkpoint.spark / "state").rmdir()

    assert checkpoint.epoch(SHAPE, {}, ReactionLogOf()) == epoch


def test_a_checkpoint_whose_offsets_were_cut_off_is_set_aside(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path)
    checkpoint.epoch(SHAPE, {}, ReactionLogOf())
    planned(checkpoint, 10, 20)
    (checkpoint.spark / "offsets" / "1").write_bytes(b"")

    checkpoint.epoch(SHAPE, {}, ReactionLogOf())

    assert not checkpoint.spark.exists()


@pytest.mark.parametrize(
    "newest",
    [RoomState("2999-01-01T00:00:00.000Z", 0), None],
    ids=["another driver's epoch", "its own, before a backup was put back"],
)
def test_a_checkpoint_that_is_behind_the_rooms_is_set_aside(
    tmp_path: Path, newest: RoomState | None
) -> None:
    """Going on with it would count again what the rooms' totals hold already."""
    checkpoint = Checkpoint(tmp_path)
    old = checkpoint.epoch(SHAPE, {}, ReactionLogOf())
    planned(checkpoint, 10, 20)
    state = newest or RoomState(old.name, 2)

    new = checkpoint.epoch(SHAPE, {"a": state}, ReactionLogOf())

    assert new.name > max(old.name, state.epoch)
    assert new.cut == state.trigger


def test_a_log_made_anew_is_read_from_its_beginning(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path)
    old = checkpoint.epoch(SHAPE, {}, ReactionLogOf())
    planned(checkpoint, 900)
    anew = msgspec.structs.replace(SHAPE, topic_id="made anew")

    states = {"a": RoomState(old.name, 0, {"0": 0, "1": 0}, totals={"❤️": 900})}
    new = checkpoint.epoch(anew, states, ReactionLogOf(high=50))

    assert (new.start, new.cut, new.known) == ({"0": 0, "1": 0}, None, [])


def test_a_folder_in_which_nothing_was_planned_is_used_again(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path)
    checkpoint.spark.mkdir()

    checkpoint.epoch(SHAPE, {}, ReactionLogOf())

    assert [path.name for path in tmp_path.iterdir()] == ["epoch.json"]


def test_an_epoch_is_read_as_it_was_written(tmp_path: Path) -> None:
    epoch = Epoch(FIRST, SHAPE, (FIRST, 5), {"0": 1}, [("final", "id")])
    epoch.write_beside(tmp_path / "new")

    assert Epoch.read_beside(tmp_path / "new") == epoch


@pytest.mark.parametrize(("log_end", "behind"), [(20, False), (21, True)])
def test_it_is_behind_if_the_log_goes_on_after_the_last_trigger(
    tmp_path: Path, log_end: int, *, behind: bool
) -> None:
    checkpoint = Checkpoint(tmp_path)
    epoch = checkpoint.epoch(SHAPE, {}, ReactionLogOf())
    planned(checkpoint, 10, 20)

    assert checkpoint.is_behind(epoch, ReactionLogOf(high=log_end)) is behind


def test_before_its_first_trigger_it_is_behind_if_there_is_anything(
    tmp_path: Path,
) -> None:
    checkpoint = Checkpoint(tmp_path)
    epoch = checkpoint.epoch(SHAPE, {}, ReactionLogOf(low=7))

    assert not checkpoint.is_behind(epoch, ReactionLogOf(high=7))
    assert checkpoint.is_behind(epoch, ReactionLogOf(high=8))
