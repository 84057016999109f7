"""What all viewers saw of many windows of traffic, against the crowd's own book.

Once as the system is by default, and once as the published design has it.
"""

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import pytest

from tests.system.crowd import Crowd, Entry
from tests.system.observer import Frame, Observer, position
from tests.system.stack import CLUSTERS, RETURNS_WITHIN_S, WINDOW_S, Stack

EMOJI = ("❤️", "😂", "🔥", "👏", "😮", "😢", "😡", "🎉", "👍🏽", "👩‍🚀")
LAST = "🏁"
WINDOWS = {"default": 8, "reference": 6}
NEAR_EDGE_S = 0.1
LINGER_S = {"default": 0.005, "reference": 0.5}
TRIGGER_S = {"default": 0.5, "reference": 2}


@dataclass(frozen=True, slots=True)
class Seen:
    preset: str
    crowd: Crowd
    observers: tuple[Observer, ...]


@pytest.fixture(scope="module")
def regulars(stack: Stack, http: httpx.Client) -> Crowd:
    """They were seen before the first of all presets, and come again with each."""
    crowd = Crowd(http, "regulars")
    with Observer(stack.cluster_ports[0], crowd.room) as observer:
        crowd.react("❤️", "👏")
        observer.wait_for_total(2)
    return crowd


@pytest.fixture(scope="module", params=WINDOWS)
def preset(request: pytest.FixtureRequest, stack: Stack, regulars: Crowd) -> str:
    """Restart the system unless it runs with this preset already."""
    del regulars  # seen before
    chosen: str = request.param
    if chosen != stack.preset:
        started = stack.restart(chosen)
        assert started.returncode == 0, started.stdout
    return chosen


@pytest.fixture(scope="module")
def greeting(stack: Stack, regulars: Crowd, preset: str) -> list[Frame]:
    """What is shown of them at first, and then of each reaction.

    The first trigger after a start takes seconds: a crowd that came before its end
    would be a backlog, of which only the newest windows travel.
    """
    del preset  # with which it runs
    with Observer(stack.cluster_ports[0], regulars.room) as observer:
        frames = [observer.wait_for_total(regulars.book.total(), RETURNS_WITHIN_S)]
        for _ in range(3):
            regulars.react("❤️")
            total = regulars.book.total()
            frames.append(observer.wait_for_total(total, RETURNS_WITHIN_S))
    return frames


@pytest.fixture(scope="module")
def seen(
    stack: Stack, http: httpx.Client, preset: str, greeting: list[Frame]
) -> Iterator[Seen]:
    """Let a crowd react for the whole time, most densely around each edge."""
    del greeting  # is over
    crowd = Crowd(http, f"counted-{preset}")
    with ExitStack() as watching:
        observers = tuple(
            watching.enter_context(Observer(port, crowd.room))
            for port in stack.cluster_ports
        )
        until_s = time.monotonic() + WINDOWS[preset] * WINDOW_S
        while time.monotonic() < until_s:
            crowd.react(*random.choices(EMOJI, k=random.randint(1, 20)))
            time.sleep(0.002 if near_edge() else 0.05)
        time.sleep(WINDOW_S)
        crowd.react(LAST)  # of two frames of a trigger, its window's is the later
        for observer in observers:
            observer.wait_for(lambda frame: LAST in frame["counts"])
        yield Seen(preset, crowd, observers)


def near_edge() -> bool:
    """Tell whether a window begins or ends about now."""
    from_edge_s = time.time() % WINDOW_S
    return min(from_edge_s, WINDOW_S - from_edge_s) < NEAR_EDGE_S


@pytest.fixture(params=range(CLUSTERS), ids=lambda index: f"cluster-{index + 1}")
def observer(request: pytest.FixtureRequest, seen: Seen) -> Observer:
    index: int = request.param
    return seen.observers[index]


def test_each_window_in_which_something_was_stored_is_seen(
    seen: Seen, observer: Observer
) -> None:
    """A batch is stored between its sending and its answer, by the same clock."""
    starts = observer.last_words().keys()
    certain = {
        start_of(entry.sent_ms)
        for entry in seen.crowd.entries
        if start_of(entry.sent_ms) == start_of(entry.answered_ms)
    }

    assert len(starts) >= enough(seen)
    assert certain <= starts
    assert {start_of(start_ms) for start_ms in starts} == starts


def test_reactions_came_on_both_sides_of_each_edge(seen: Seen) -> None:
    half_ms = WINDOW_S * 500
    before = {
        start_of(e.answered_ms + half_ms)
        for e in seen.crowd.entries
        if not in_first_half(e)
    }
    after = {start_of(e.sent_ms) for e in seen.crowd.entries if in_first_half(e)}

    assert len(before & after & seen.observers[0].last_words().keys()) >= enough(seen)


def enough(seen: Seen) -> int:
    """Return how many windows must have been seen: a machine may stall in others."""
    return WINDOWS[seen.preset] // 2


def start_of(time_ms: int) -> int:
    """Return the start of the window that a moment lies in."""
    return time_ms - time_ms % (WINDOW_S * 1000)


def in_first_half(entry: Entry) -> bool:
    return entry.sent_ms - start_of(entry.sent_ms) < WINDOW_S * 500


def test_the_last_counts_of_all_windows_add_up_to_the_book(
    seen: Seen, observer: Observer
) -> None:
    counted: Counter[str] = Counter()
    for frame in observer.last_words().values():
        counted.update(frame["counts"])
        assert frame["other"] == 0

    assert counted == seen.crowd.book


def test_the_totals_are_the_book(seen: Seen, observer: Observer) -> None:
    last = max(observer.frames, key=position)

    assert last["totals"] == seen.crowd.book
    assert last["total"] == seen.crowd.book.total()


def test_totals_never_fall(observer: Observer) -> None:
    totals = [frame["total"] for frame in sorted(observer.frames, key=position)]

    assert totals == sorted(totals)


def test_a_reaction_counts_in_the_window_in_which_it_was_stored(seen: Seen) -> None:
    for start_ms, frame in seen.observers[0].last_words().items():
        end_ms = start_ms + WINDOW_S * 1000
        certain: Counter[str] = Counter()
        possible: Counter[str] = Counter()
        for entry in seen.crowd.entries:
            if start_ms <= entry.sent_ms and entry.answered_ms < end_ms:
                certain += entry.emoji
            if entry.sent_ms < end_ms and start_ms <= entry.answered_ms:
                possible += entry.emoji
        assert certain <= Counter(frame["counts"]) <= possible, frame


def test_all_clusters_say_the_same(seen: Seen) -> None:
    first, *others = (observer.last_words() for observer in seen.observers)

    for other in others:
        assert other == first


def test_a_frame_is_consistent_in_itself(observer: Observer) -> None:
    for frame in observer.frames:
        counts, sum_ = frame["counts"], sum(frame["counts"].values())
        assert frame["v"] == 1
        assert frame["window_ms"] == WINDOW_S * 1000
        assert frame["scaled"] == {e: max(1, n // 1000) for e, n in counts.items()}
        assert frame["share"] == {
            e: pytest.approx(n / sum_, abs=1e-4) for e, n in counts.items()
        }
        assert sum(frame["mood"].values()) == pytest.approx(1, abs=0.01)
        assert sum(frame["sentiment"].values()) == pytest.approx(1, abs=0.01)
        assert frame["times"]["appended_ms"] <= frame["times"]["made_ms"]


def test_it_gathers_and_counts_as_often_as_the_preset_says(seen: Seen) -> None:
    """A lone batch lingers, and all frames of a trigger have its number."""
    waited_s = min(e.answered_ms - e.sent_ms for e in seen.crowd.entries) / 1000
    numbers = {frame["seq"] for frame in seen.observers[0].frames}
    first, *_, last = seen.crowd.entries
    lasted_s = (last.answered_ms - first.sent_ms) / 1000

    assert waited_s >= 0.5 * LINGER_S[seen.preset]
    assert len(numbers) <= lasted_s / TRIGGER_S[seen.preset] + 2


@pytest.mark.parametrize("preset", ["reference"], indirect=True)
def test_totals_go_on_after_down_and_up(regulars: Crowd, greeting: list[Frame]) -> None:
    totals = [frame["total"] for frame in greeting]

    assert totals == list(range(totals[0], totals[0] + 4))
    assert greeting[-1]["totals"] == regulars.book
