import json
from pathlib import Path

import msgspec
import pytest

from stream.epoch import Checkpoint, Epoch, Shape, begin
from stream.windows import Offsets, RoomState

SHAPE = Shape("reactions", window_ms=2000, dedupe_s=60, shuffle_partitions=2)
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
        (SHAPE, ReactionLogOf(high=19)),
    ],
    ids=["another window", "another dedupe", "a log that ends before the checkpoint"],
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


def test_a_checkpoint_that_lost_its_epoch_is_set_aside(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path)
    planned(checkpoint, 10)

    checkpoint.epoch(SHAPE, {"a": written(1, 10)}, ReactionLogOf())

    assert not checkpoint.spark.exists()


def test_an_epoch_is_read_as_it_was_written(tmp_path: Path) -> None:
    epoch = Epoch(FIRST, SHAPE, (FIRST, 5), {"0": 1}, [("final", "id")])
    epoch.write(tmp_path / "new" / "epoch.json")

    assert Epoch.read(tmp_path / "new" / "epoch.json") == epoch


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
