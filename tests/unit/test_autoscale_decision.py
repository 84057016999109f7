"""What the auto-scaler decides; loads, looks and the clock are ours."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compose.errors import Refused
from compose.scaling.bounds import Bounds, check, check_running
from compose.scaling.calls import (
    HIGH,
    AddCluster,
    AddWorker,
    Change,
    RemoveCluster,
    RemoveWorker,
)
from compose.scaling.decision import Decision, Memory, Pace, Stay, decide
from compose.scaling.load import Cluster, Load
from compose.settings import BadSetting, Settings

BOUNDS = Bounds(clusters_min=1, clusters_max=6, workers_min=1, workers_max=4)
PACE = Pace()
FAST = Pace(up_after_s=2, down_after_s=4, up_pause_s=5, down_pause_s=12)


def cluster(  # noqa: PLR0913 - each is one thing that a test may say
    number: int,
    members: int = 250,
    *,
    busy: Sequence[float] = (0.5, 0.5),
    capacity: int = 500,
    draining: bool = False,
    leaving: bool = False,
) -> Cluster:
    return Cluster(
        f"cluster-{number}",
        members,
        capacity,
        {f"worker-{place}": share for place, share in enumerate(busy, 1)},
        is_draining=draining or leaving,
        is_leaving=leaving,
    )


def unknown(number: int, *, draining: bool = False) -> Cluster:
    return Cluster(f"cluster-{number}", is_draining=draining)


def load(*clusters: Cluster, workers: int = 2) -> Load:
    return Load(clusters, workers)


def three(members: int, *, busy: float = 0.5) -> Load:
    """Return a load of three clusters that share so many members."""
    shares = [members // 3, members // 3, members - 2 * (members // 3)]
    return load(
        *(cluster(n, share, busy=(busy, 0.5)) for n, share in enumerate(shares, 1))
    )


def in_state(state: str, number: int, members: int) -> Cluster:
    """Return an idle cluster of which all, one worker or nothing is known."""
    if state == "unknown":
        return unknown(number)
    return cluster(number, members, busy=(0.1,) if state == "half" else (0.1, 0.1))


@dataclass
class Looks:
    """One look a second, one load after the other."""

    bounds: Bounds = BOUNDS
    pace: Pace = PACE
    memory: Memory = field(default_factory=Memory)
    now_s: float = 1000.0

    def at(self, seen: Load) -> Decision:
        decision, self.memory = decide(
            seen, self.bounds, self.memory, self.now_s, self.pace
        )
        self.now_s += 1
        return decision

    def for_s(self, seconds: float, seen: Load) -> list[Decision]:
        return [self.at(seen) for _ in range(int(seconds))]

    def first(self, seen: Load, within_s: float = 200) -> Change | None:
        """Return the first change that is decided while a load holds."""
        for _ in range(int(within_s)):
            decision = self.at(seen)
            if isinstance(decision, Change):
                return decision
        return None


def steps(decisions: Sequence[Decision]) -> list[type[Decision]]:
    return [type(one) for one in decisions if not isinstance(one, Stay)]


def test_clusters_that_are_full_for_some_seconds_get_one_more() -> None:
    looks = Looks()

    before = looks.for_s(3, three(1240))

    assert steps(before) == []
    assert looks.at(three(1240)) == AddCluster(
        4, 2, "members 1,240 of 1,500 (83 %) for 3 s"
    )


def test_a_burst_adds_nothing() -> None:
    looks = Looks()

    for _ in range(20):
        assert steps(looks.for_s(3, three(1400))) == []
        assert steps(looks.for_s(1, three(1100))) == []


def test_what_lies_between_changes_nothing() -> None:
    for members in (460, 900, 1200):
        assert Looks().first(three(members)) is None


def test_far_too_many_members_get_several_clusters_at_once() -> None:
    crowd = [cluster(1, 500), cluster(2, 500), cluster(3, 480, draining=True)]

    assert Looks().first(load(*crowd)) == AddCluster(
        6, 2, "members 1,480 of 1,000 (148 %) for 3 s"
    )


def test_several_at_once_stay_within_the_bounds() -> None:
    looks = Looks(replace(BOUNDS, clusters_max=4))
    crowd = [cluster(1, 500), cluster(2, 500), cluster(3, 480, draining=True)]

    decided = looks.first(load(*crowd))

    assert decided
    assert decided.clusters == 4


def test_clusters_that_are_empty_for_long_become_one_fewer() -> None:
    looks = Looks()

    before = looks.for_s(30, three(240))

    assert steps(before) == []
    assert looks.at(three(240)) == RemoveCluster(
        2, 2, "members 240 of 1,500 (16 %) for 30 s"
    )


def test_a_short_ebb_takes_nothing_away() -> None:
    looks = Looks()

    for _ in range(5):
        assert steps(looks.for_s(30, three(100))) == []
        assert steps(looks.for_s(1, three(700))) == []


def test_a_cluster_stays_if_the_others_would_be_too_full_without_it() -> None:
    small = [cluster(1, 100, capacity=200), cluster(2, 100, capacity=800)]

    assert Looks().first(load(*small)) is None


def test_the_last_cluster_that_takes_clients_stays() -> None:
    closed = [unknown(1, draining=True), cluster(2, 0)]

    assert Looks().first(load(*closed)) is None
    assert Looks().first(load(cluster(1, 0))) is None


def test_no_cluster_goes_while_another_is_being_left() -> None:
    looks = Looks()

    moving = load(cluster(1, 9), cluster(2, 9, draining=True), cluster(3, 9))
    assert looks.first(moving) is None
    left = load(cluster(1, 9), unknown(2, draining=True), cluster(3, 9))
    assert isinstance(looks.first(left), RemoveCluster)


def test_a_cluster_that_somebody_has_closed_is_not_taken_away() -> None:
    closed = load(cluster(1, 9), cluster(2, 9), unknown(3, draining=True))

    assert Looks().first(closed) is None


def test_that_a_closed_cluster_stands_in_the_way_is_told_once() -> None:
    closed = load(cluster(1, 9), cluster(2, 9), unknown(3, draining=True))

    told = [one for one in Looks().for_s(300, closed) if type(one) is Stay]

    (news,) = [one.reason for one in told if one.is_news]
    assert news == (
        "members 18 of 1,000 (2 %) for 30 s, but cluster-3, the last one, which would"
        " go, was drained by hand: `emostream undrain cluster-3`, or `scale --clusters`"
        " by hand, helps"
    )


def test_a_cluster_that_somebody_has_closed_is_none_of_the_fewest() -> None:
    looks = Looks(replace(BOUNDS, clusters_min=2))
    closed = load(unknown(1, draining=True), cluster(2, 9), cluster(3, 9))

    assert looks.first(closed) is None
    assert isinstance(looks.first(load(*closed.clusters, cluster(4, 9))), RemoveCluster)


def test_a_machine_that_is_busy_keeps_its_workers() -> None:
    idle = load(*(cluster(n, 250, busy=(0.05, 0.05)) for n in range(1, 4)))

    assert Looks().first(replace(idle, machine_busy=0.9)) is None
    assert isinstance(Looks().first(replace(idle, machine_busy=0.7)), RemoveWorker)
    assert isinstance(Looks().first(idle), RemoveWorker)


def test_a_cluster_that_was_leaving_when_the_last_scaler_ended_goes() -> None:
    begun = load(cluster(1, 200), cluster(2, 200), cluster(3, 9, leaving=True))

    assert Looks().first(begun) == RemoveCluster(
        2, 2, "members 409 of 1,000 (41 %) for 30 s"
    )


def test_a_cluster_that_was_leaving_and_is_needed_stays() -> None:
    crowd = load(cluster(1, 450), cluster(2, 450), cluster(3, 0, leaving=True))

    decided = Looks().first(crowd)

    assert isinstance(decided, AddCluster)
    assert decided.clusters == 3


def test_a_busy_worker_gets_another_beside_it_in_each_cluster() -> None:
    assert Looks().first(three(900, busy=0.91)) == AddWorker(
        3, 3, "cluster-3-worker-1 uses 0.91 of a core for 3 s"
    )


def test_idle_workers_become_one_fewer_in_each_cluster() -> None:
    idle = load(cluster(1, busy=(0.1, 0.2)), cluster(2, busy=(0.05, 0.25)), workers=2)

    assert Looks().first(idle) == RemoveWorker(
        2,
        1,
        "no worker uses more than 0.25 of a core, as cluster-2-worker-2 does, for 30 s",
    )


def test_one_worker_that_is_not_idle_keeps_all() -> None:
    mixed = load(cluster(1, busy=(0.1, 0.1)), cluster(2, busy=(0.1, 0.3)))

    assert Looks().first(mixed) is None


def test_members_come_before_workers() -> None:
    assert isinstance(Looks().first(three(1400, busy=0.99)), AddCluster)


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(load(cluster(1, 9), cluster(2, 9), unknown(3)), id="a cluster"),
        pytest.param(
            load(cluster(1, 9, busy=(0.1, 0.1)), cluster(2, 9, busy=(0.1,))),
            id="a worker",
        ),
        pytest.param(load(unknown(1), unknown(2)), id="everything"),
    ],
)
def test_what_is_not_known_takes_nothing_away(seen: Load) -> None:
    assert Looks().first(seen) is None


def test_a_figure_that_was_missing_begins_the_time_again() -> None:
    looks = Looks()
    looks.for_s(20, three(100))
    looks.at(load(cluster(1, 9), cluster(2, 9), unknown(3)))

    assert steps(looks.for_s(30, three(100))) == []
    assert steps(looks.for_s(1, three(100))) == [RemoveCluster]


def test_up_is_judged_by_what_is_known() -> None:
    decided = Looks().first(load(cluster(1, 495), cluster(2, 495), unknown(3)))

    assert decided == AddCluster(4, 2, "members 990 of 1,000 (99 %) for 3 s")


def test_clusters_that_are_made_for_nobody_call_for_nothing() -> None:
    assert Looks().first(load(cluster(1, 5, capacity=0), cluster(2, 5))) is None
    assert Looks().first(load(cluster(1, 5, capacity=0))) is None


def test_where_nothing_is_known_nothing_is_added() -> None:
    assert Looks().first(load(unknown(1), unknown(2))) is None


def test_looks_that_lie_far_apart_say_nothing_of_the_time_between() -> None:
    looks = Looks()
    looks.at(three(100))
    looks.now_s += 60

    assert steps(looks.for_s(30, three(100))) == []


def test_after_a_change_the_next_one_up_waits_a_little_and_down_longer() -> None:
    up, down = Looks(), Looks()
    for looks in (up, down):
        assert looks.first(three(1300))
    four = [cluster(n, 450) for n in range(1, 5)]
    few = [cluster(n, 9) for n in range(1, 5)]

    # The first look after it sees another size, and counts from there.
    assert steps(up.for_s(10, load(*four))) == []
    assert steps(up.for_s(1, load(*four))) == [AddCluster]
    assert steps(down.for_s(60, load(*few))) == []
    assert steps(down.for_s(1, load(*few))) == [RemoveCluster]


def test_what_was_decided_is_not_decided_again_at_the_next_look() -> None:
    looks = Looks()
    assert looks.first(three(1300))

    assert steps(looks.for_s(9, three(1300))) == []


def test_a_change_that_failed_is_tried_again_after_the_pause() -> None:
    looks = Looks()
    assert looks.first(three(1300))
    looks.memory = looks.memory.changed(looks.now_s)

    assert steps(looks.for_s(10, three(1300))) == []
    assert steps(looks.for_s(1, three(1300))) == [AddCluster]


def test_a_change_by_hand_is_a_change() -> None:
    looks = Looks()
    looks.for_s(30, three(100))
    four = load(*(cluster(n, 9) for n in range(1, 5)))

    assert steps(looks.for_s(60, four)) == []
    assert steps(looks.for_s(1, four)) == [RemoveCluster]


def test_the_next_step_up_waits_until_the_last_one_can_be_seen() -> None:
    looks = Looks()
    assert looks.first(three(1300))
    starting = load(*(cluster(n, 450) for n in range(1, 4)), unknown(4))

    waiting = looks.for_s(60, starting)

    assert steps(waiting) == []
    assert waiting[-1] == Stay(
        "members 1,350 of 1,500 (90 %) for 59 s, but not all is seen yet of the last"
        " change"
    )
    assert [one.is_held for one in waiting if type(one) is Stay].count(True) == 1
    assert steps(looks.for_s(1, starting)) == [AddCluster]


def test_a_bound_is_told_once_and_again_when_it_had_been_enough() -> None:
    looks = Looks(replace(BOUNDS, clusters_max=3))

    def told(seconds: int, members: int) -> list[str]:
        return [
            one.reason
            for one in looks.for_s(seconds, three(members))
            if isinstance(one, Stay) and one.is_news
        ]

    reason = "members 1,300 of 1,500 (87 %) for 3 s, but EMOSTREAM_CLUSTERS_MAX is 3"
    assert told(100, 1300) == [reason]
    assert told(10, 1100) == []
    assert told(100, 1300) == []
    assert told(10, 1050) == []
    assert told(100, 1300) == [reason]


def test_a_bound_of_clusters_does_not_keep_workers_from_coming() -> None:
    looks = Looks(replace(BOUNDS, clusters_max=3))

    assert isinstance(looks.first(three(1300, busy=0.9)), AddWorker)


@pytest.mark.parametrize(
    "bounds",
    [
        replace(BOUNDS, clusters_min=3, workers_min=2),
        replace(BOUNDS, clusters_min=5, workers_min=3),
    ],
)
def test_at_the_least_nothing_goes_and_nobody_is_told(bounds: Bounds) -> None:
    looks = Looks(bounds)
    idle = load(*(cluster(n, 9, busy=(0.1, 0.1)) for n in range(1, 4)))

    assert not any(one.is_news for one in looks.for_s(200, idle) if type(one) is Stay)
    assert looks.first(idle) is None


def test_beyond_the_bounds_by_hand_nothing_is_added() -> None:
    looks = Looks(replace(BOUNDS, clusters_max=2, workers_max=1))

    assert looks.first(three(1400, busy=0.95)) is None


@dataclass
class Town:
    """A system that does as it is told, at once or after a while, and its looks."""

    looks: Looks
    clusters: int
    workers: int
    takes_s: int
    changes: list[tuple[float, type[Change]]] = field(default_factory=list)

    def live(self, seconds: int, members: int, work: float) -> None:
        """Have so many members, and so much work for each cluster's workers."""
        end_s = self.looks.now_s + seconds
        while self.looks.now_s < end_s:
            decided = self.looks.at(self._load(members, work))
            if isinstance(decided, Change):
                self.changes.append((self.looks.now_s, type(decided)))
                self.clusters, self.workers = decided.clusters, decided.workers
                self.looks.now_s += self.takes_s
                self.looks.memory = self.looks.memory.changed(self.looks.now_s)

    def _load(self, members: int, work: float) -> Load:
        share = min(500, members // self.clusters)
        busy = [min(1.0, work / self.workers)] * self.workers
        made = (cluster(n, share, busy=busy) for n in range(1, self.clusters + 1))
        return load(*made, workers=self.workers)


towns = st.builds(
    Town,
    st.builds(Looks, pace=st.just(FAST)),
    clusters=st.integers(1, 6),
    workers=st.integers(1, 4),
    takes_s=st.integers(0, 20),
)
phases = st.lists(
    st.tuples(st.integers(1, 30), st.integers(0, 3500), st.floats(0, 4)), max_size=12
)


@given(towns, phases)
def test_it_never_goes_beyond_bounds_nor_changes_again_within_the_pause(
    town: Town, phases: list[tuple[int, int, float]]
) -> None:
    for phase in phases:
        town.live(*phase)
        assert 1 <= town.clusters <= 6
        assert 1 <= town.workers <= 4

    for (before_s, _), (at_s, kind) in zip(
        town.changes, town.changes[1:], strict=False
    ):
        is_up = kind in {AddCluster, AddWorker}
        assert at_s - before_s >= (FAST.up_pause_s if is_up else FAST.down_pause_s)


@given(towns, phases, st.integers(0, 3500), st.floats(0, 4))
def test_with_a_constant_load_it_settles_where_there_is_enough(
    town: Town, phases: list[tuple[int, int, float]], members: int, work: float
) -> None:
    for phase in phases:
        town.live(*phase)
    town.live(400, members, work)
    town.changes.clear()

    town.live(200, members, work)

    assert town.changes == []
    room = 500 * town.clusters
    assert town.clusters == 6 or min(members, room) // town.clusters <= HIGH * 500
    assert town.workers == 4 or work / town.workers <= HIGH


@given(
    st.lists(
        st.tuples(
            st.integers(1, 40),
            st.lists(st.sampled_from(["known", "half", "unknown"]), min_size=3),
            st.integers(0, 200),
        ),
        max_size=8,
    )
)
def test_nothing_goes_unless_all_was_known_for_long(
    phases: list[tuple[int, list[str], int]],
) -> None:
    looks, known_for_s = Looks(), 0
    for seconds, states, members in phases:
        seen = load(
            *(in_state(state, n, members) for n, state in enumerate(states[:3], 1))
        )
        for _ in range(seconds):
            known_for_s = known_for_s + 1 if {*states[:3]} == {"known"} else 0
            decided = looks.at(seen)
            if isinstance(decided, RemoveCluster | RemoveWorker):
                assert known_for_s > PACE.down_after_s


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (Settings(clusters=7), "EMOSTREAM_CLUSTERS=7"),
        (Settings(clusters=1), "EMOSTREAM_CLUSTERS=1"),
        (Settings(workers=5), "EMOSTREAM_WORKERS=5"),
    ],
)
def test_a_start_outside_the_bounds_is_refused(settings: Settings, name: str) -> None:
    with pytest.raises(BadSetting, match=f"^{name} is not within EMOSTREAM_"):
        check(settings)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            Settings(clusters=8),
            "are 8, and EMOSTREAM_CLUSTERS_MAX is 6 (default): `emostream",
        ),
        (
            Settings(clusters=1),
            "are 1, and EMOSTREAM_CLUSTERS_MIN is 2 (default): `emostream",
        ),
        (Settings(workers=5), "`emostream scale --workers 4` first"),
    ],
)
def test_what_was_scaled_by_hand_out_of_the_bounds_is_told_how_to_come_back(
    settings: Settings, told: str
) -> None:
    with pytest.raises(Refused, match=re.escape(told)):
        check_running(settings)


def test_the_defaults_lie_within_the_bounds() -> None:
    check(Settings())
    check_running(Settings())


@pytest.mark.parametrize("part", ["clusters", "workers"])
def test_bounds_that_leave_nothing_between_them_name_the_setting(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = part.upper()
    monkeypatch.setenv(f"EMOSTREAM_{name}_MIN", "7")

    with pytest.raises(BadSetting, match=f"^EMOSTREAM_{name}_MAX=.*_{name}_MIN=7$"):
        Settings.load()
