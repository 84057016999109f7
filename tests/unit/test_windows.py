import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from stream.windows import (
    NO_BATCH,
    REST,
    TOTALS_EMOJI_MAX,
    Offsets,
    Rooms,
    RoomState,
    Row,
    Windows,
    by_window,
    newest_trigger,
)

WINDOW_MS = 2000
FIRST, SECOND = "2026-11-20T18:00:00.000Z", "2026-11-20T19:00:00.000Z"


def rows(room: str, windows: Windows) -> list[Row]:
    return [
        Row(room, start, emoji, count, appended_ms=start)
        for start, counts in windows.items()
        for emoji, count in counts.items()
    ]


def merge(
    rooms: Rooms,
    windows: Windows,
    *,
    batch: int,
    start: Offsets | None = None,
    boundary_ms: int = 0,
) -> RoomState:
    changed = rooms.merge(
        by_window(rows("final", windows)),
        batch=batch,
        start=start or {"0": batch},
        boundary_ms=boundary_ms,
    )
    return changed["final"]


def restarted(state: RoomState) -> Rooms:
    """Rooms as a new driver knows them: from what the old one wrote."""
    return Rooms(state.epoch, {"final": RoomState.decode(state.encode())})


def total(state: RoomState) -> int:
    return sum(state.all_totals().values())


def test_an_emoji_silent_in_a_trigger_still_stands_in_its_window() -> None:
    rooms = Rooms(FIRST, {})
    merge(rooms, {0: {"❤️": 3, "😂": 1}}, batch=0)

    state = merge(rooms, {0: {"❤️": 5}}, batch=1)

    assert state.open == {0: {"❤️": 5, "😂": 1}}
    assert state.all_totals() == {"❤️": 5, "😂": 1}


def test_one_trigger_can_change_two_windows() -> None:
    state = merge(Rooms(FIRST, {}), {0: {"❤️": 3}, 2000: {"❤️": 4}}, batch=0)

    assert total(state) == 7
    assert state.before == {0: {}, 2000: {}}


def test_a_late_row_is_counted_in_its_own_window() -> None:
    rooms = Rooms(FIRST, {})
    merge(rooms, {0: {"❤️": 3}}, batch=0)
    merge(rooms, {2000: {"❤️": 1}}, batch=1)

    state = merge(rooms, {0: {"❤️": 4}}, batch=2)

    assert state.open == {0: {"❤️": 4}, 2000: {"❤️": 1}}
    assert state.before == {0: {"❤️": 3}}


def test_windows_before_the_boundary_move_into_the_totals() -> None:
    rooms = Rooms(FIRST, {})
    merge(rooms, {0: {"❤️": 3}}, batch=0)
    merge(rooms, {2000: {"❤️": 4}}, batch=1)

    state = merge(rooms, {4000: {"❤️": 1}}, batch=2, boundary_ms=2000)

    assert state.totals == {"❤️": 3}
    assert state.open == {2000: {"❤️": 4}, 4000: {"❤️": 1}}
    assert state.through_ms == 2000
    assert total(state) == 8


def test_a_window_that_the_trigger_changed_is_never_summed_up_by_it() -> None:
    rooms = Rooms(FIRST, {})
    merge(rooms, {0: {"❤️": 3}}, batch=0)

    state = merge(rooms, {0: {"❤️": 4}}, batch=1, boundary_ms=4000)

    assert state.open == {0: {"❤️": 4}}
    assert state.through_ms == 0
    assert total(merge(restarted(state), {0: {"❤️": 4}}, batch=1)) == 4


def test_a_replayed_trigger_writes_the_same_state_again() -> None:
    rooms = Rooms(FIRST, {})
    merge(rooms, {0: {"❤️": 3}}, batch=0)
    written = merge(rooms, {0: {"❤️": 4}, 2000: {"😂": 1}}, batch=1)

    again = merge(restarted(written), {0: {"❤️": 4}, 2000: {"😂": 1}}, batch=1)

    assert again == written


def test_a_replay_may_put_a_repeated_batch_into_another_window() -> None:
    """Which of two copies in one trigger survives is decided by chance."""
    rooms = Rooms(FIRST, {})
    merge(rooms, {0: {"❤️": 3}}, batch=0)
    written = merge(rooms, {0: {"❤️": 8}}, batch=1)

    again = merge(restarted(written), {2000: {"❤️": 5}}, batch=1)

    assert again.open == {0: {"❤️": 3}, 2000: {"❤️": 5}}
    assert again.before == {0: {"❤️": 3}, 2000: {}}  # both changed for viewers
    assert total(again) == total(written) == 8


def test_a_replay_without_a_room_takes_back_what_it_wrote_there() -> None:
    rooms = Rooms(FIRST, {})
    merge(rooms, {0: {"❤️": 3}}, batch=0)
    written = merge(rooms, {0: {"❤️": 8}}, batch=1)

    changed = restarted(written).merge({}, batch=1, start={}, boundary_ms=0)

    assert changed["final"].open == {0: {"❤️": 3}}


def test_a_new_epoch_takes_the_newest_trigger_back_and_sums_up_the_rest() -> None:
    rooms = Rooms(FIRST, {})
    merge(rooms, {0: {"❤️": 3}}, batch=0)
    state = merge(rooms, {0: {"❤️": 4}, 2000: {"❤️": 9}}, batch=1)

    fresh = state.in_epoch(SECOND, newest_trigger([state]))

    assert fresh == RoomState(SECOND, totals={"❤️": 3})
    assert fresh.batch == NO_BATCH


def test_a_new_epoch_keeps_all_of_a_room_that_an_older_trigger_wrote() -> None:
    older = merge(Rooms(FIRST, {}), {0: {"❤️": 3}}, batch=4)

    fresh = older.in_epoch(SECOND, (FIRST, 5))

    assert fresh.totals == {"❤️": 3}


def test_a_state_of_the_epoch_itself_goes_on_as_it_is() -> None:
    state = merge(Rooms(FIRST, {}), {0: {"❤️": 3}}, batch=4)

    assert state.in_epoch(FIRST, (FIRST, 4)) is state


def test_the_newest_trigger_is_of_the_newest_epoch() -> None:
    states = [RoomState(FIRST, batch=900), RoomState(SECOND, batch=1)]

    assert newest_trigger(states) == (SECOND, 1)
    assert newest_trigger([]) is None


def test_the_totals_name_so_many_emoji_and_lose_no_reaction() -> None:
    rooms = Rooms(FIRST, {})
    merge(
        rooms, {0: {"❤️": 3, **{f"a{i}": 1 for i in range(TOTALS_EMOJI_MAX)}}}, batch=0
    )
    merge(rooms, {2000: {f"b{i}": 2 for i in range(10)}}, batch=1)

    state = merge(rooms, {4000: {"a0": 1, "😂": 1}}, batch=2, boundary_ms=4000)

    assert len(state.totals) == TOTALS_EMOJI_MAX + 1
    assert (state.totals["❤️"], state.totals["b9"], state.totals[REST]) == (3, 2, 11)
    assert total(state) == TOTALS_EMOJI_MAX + 3 + 20 + 2
    again = merge(restarted(state), {4000: {"a0": 1, "😂": 1}}, batch=2)
    assert again.totals == state.totals


def test_what_is_not_named_is_added_to_what_was_not() -> None:
    named = {f"a{i}": 2 for i in range(TOTALS_EMOJI_MAX)}
    before = RoomState(FIRST, totals={**named, REST: 5}, open={0: {"b": 1}})

    fresh = before.in_epoch(SECOND, None)

    assert fresh.totals == {**named, REST: 6}


def test_a_state_keeps_the_names_of_the_contract_on_the_wire() -> None:
    state = merge(Rooms(FIRST, {}), {0: {"❤️": 1}}, batch=0, start={"0": 7})

    assert state.encode().decode() == (
        '{"epoch":"2026-11-20T18:00:00.000Z","batch":0,"from":{"0":7},'
        '"through_ms":0,"totals":{},"open":{"0":{"❤️":1}},"before":{"0":{}}}'
    )
    assert RoomState.decode(state.encode()) == state


@dataclass
class ModelSpark:
    """Update mode as Spark does it: rows that changed, absolute, in windows.

    Of two copies of a batch in one trigger any may survive, and each replay
    decides anew; what was counted in an earlier trigger is dropped.
    """

    log: Sequence[tuple[int, str, str]]  # time, batch id, emoji
    chance: random.Random
    seen: frozenset[str] = frozenset()
    counts: Counter[tuple[int, str]] = field(default_factory=Counter)

    def trigger(self, start: int, end: int) -> tuple[Windows, "ModelSpark"]:
        records = list(self.log[start:end])
        self.chance.shuffle(records)
        counts, seen, changed = Counter(self.counts), set(self.seen), Counter[int]()
        windows: Windows = {}
        for time_ms, batch_id, emoji in records:
            if batch_id not in seen:
                seen.add(batch_id)
                window = time_ms // WINDOW_MS * WINDOW_MS
                counts[window, emoji] += 1
                changed[window] += 1
                windows.setdefault(window, {})[emoji] = counts[window, emoji]
        return windows, ModelSpark(self.log, self.chance, frozenset(seen), counts)


LATENESS_MS = 3000


@given(
    gaps=st.lists(st.integers(0, 3000), min_size=1, max_size=40),
    repeats=st.lists(st.integers(0, 39), max_size=20),
    cuts=st.lists(st.integers(1, 10), min_size=1, max_size=30),
    fates=st.lists(st.sampled_from(["go on", "replay", "epoch"]), max_size=60),
    seed=st.integers(0, 1 << 32),
)
def test_totals_are_exact_whatever_is_replayed_or_cut(
    gaps: list[int], repeats: list[int], cuts: list[int], fates: list[str], seed: int
) -> None:
    """A crash replays the last trigger; a lost checkpoint starts an epoch at it."""
    chance = random.Random(seed)
    times = [sum(gaps[: i + 1]) for i in range(len(gaps))]
    ids = [str(i) for i in range(len(gaps))] + [str(i % len(gaps)) for i in repeats]
    times += [times[-1] + 10 * i for i in range(len(repeats))]
    # Records come out of order, but none later than the watermark allows.
    times = [time_ms + chance.randrange(LATENESS_MS) for time_ms in times]
    log = [(t, i, "ab"[int(i) % 2]) for t, i in zip(times, ids, strict=True)]

    spark, rooms = ModelSpark(log, chance), Rooms(FIRST, {})
    start, batch, epoch, watermark_ms = 0, 0, 0, 0
    story = iter(fates)
    while start < len(log):
        end = min(len(log), start + cuts[(start + batch) % len(cuts)])
        windows, after = spark.trigger(start, end)
        boundary_ms = watermark_ms // WINDOW_MS * WINDOW_MS
        changed = rooms.merge(
            by_window(rows("final", windows)),
            batch=batch,
            start={"0": start},
            boundary_ms=boundary_ms,
        )
        fate = next(story, "go on")
        if fate == "go on" or not changed:
            start_before, start = start, end
            spark, batch = after, batch + 1
            newest_ms = max(time_ms for time_ms, _, _ in log[start_before:end])
            watermark_ms = max(watermark_ms, newest_ms - LATENESS_MS)
            continue
        state = RoomState.decode(changed["final"].encode())
        watermark_ms = 0
        if fate == "epoch":
            epoch += 1
            fresh = state.in_epoch(f"{SECOND}{epoch:03d}", newest_trigger([state]))
            rooms = Rooms(fresh.epoch, {"final": fresh})
            # What was counted before the cut is known by its ids, not by windows.
            spark = ModelSpark(log, chance, spark.seen)
            batch = 0
        else:
            rooms = Rooms(state.epoch, {"final": state})

    book = Counter("ab"[i % 2] for i in range(len(gaps)))
    final = rooms.merge({"final": {}}, batch=batch, start={}, boundary_ms=0)["final"]
    assert final.all_totals() == dict(book)
