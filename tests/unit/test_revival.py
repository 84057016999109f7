from dataclasses import replace

import pytest

from compose.supervision.revival import HEALTHY_S, LONGEST_PAUSE_S, Revivals
from compose.supervision.rpc import ProcessInfo, State

RUNNING = ProcessInfo(
    name="web",
    group="web",
    state=State.RUNNING,
    pid=7,
    started_at=1000,
    exit_status=0,
)


def ended(
    state: State = State.EXITED, *, started_at: int = 1000, ran_s: int = 0
) -> ProcessInfo:
    return replace(
        RUNNING,
        state=state,
        pid=0,
        started_at=started_at,
        stopped_at=started_at + ran_s,
    )


class Watch:
    """Revivals of one process, under a clock that is put forward by hand."""

    def __init__(self) -> None:
        self.revivals = Revivals(spread=lambda pause_s: pause_s)
        self.kept = {"web"}
        self.now_s = 0.0

    def see(self, process: ProcessInfo) -> list[float]:
        """Return the pauses of what is planned anew."""
        planned = self.revivals.plan([process], self.kept, self.now_s)
        return [revival.pause_s for revival in planned]

    def wait(self, seconds: float) -> list[str]:
        """Return what is started once these have passed."""
        self.now_s += seconds
        return [due.process.name for due in self.revivals.take_due(self.now_s)]

    def starts_that_fail(self, count: int, *, ran_s: int = 0) -> list[float]:
        """Return the pauses before as many starts."""
        pauses = []
        for _ in range(count):
            started_at = 1000 + round(self.now_s)
            pauses += self.see(ended(started_at=started_at, ran_s=ran_s))
            assert self.wait(LONGEST_PAUSE_S + ran_s) == ["web"]
        return pauses


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.mark.parametrize("state", [State.EXITED, State.FATAL])
def test_what_ended_is_started_again_after_a_short_pause(
    watch: Watch, state: State
) -> None:
    assert watch.see(ended(state)) == [0.5]

    assert watch.wait(0.4) == []
    assert watch.wait(0.2) == ["web"]
    assert watch.wait(60) == []


@pytest.mark.parametrize("state", sorted({*State} - {State.EXITED, State.FATAL}))
def test_what_runs_or_was_stopped_on_purpose_is_left_alone(
    watch: Watch, state: State
) -> None:
    assert watch.see(replace(RUNNING, state=state)) == []
    assert watch.wait(60) == []


def test_what_is_not_to_be_kept_running_is_left_alone(watch: Watch) -> None:
    watch.kept.clear()

    assert watch.see(ended()) == []


def test_the_pause_doubles_up_to_its_limit_and_nothing_is_given_up(
    watch: Watch,
) -> None:
    pauses = watch.starts_that_fail(1000)

    assert pauses[:7] == [0.5, 1, 2, 4, 8, 10, 10]
    assert set(pauses[7:]) == {LONGEST_PAUSE_S}


def test_no_pause_is_longer_than_the_longest_whatever_chance_says() -> None:
    revivals = Revivals(spread=lambda pause_s: 1.2 * pause_s)
    down = ended()
    pauses = []
    for now_s in range(0, 100, 10):
        planned = revivals.plan([down], {"web"}, now_s)
        pauses += [revival.pause_s for revival in planned]
        revivals.take_due(now_s + LONGEST_PAUSE_S)

    assert pauses[:3] == pytest.approx([0.6, 1.2, 2.4])
    assert max(pauses) == LONGEST_PAUSE_S


def test_the_pause_is_short_again_after_a_healthy_time(watch: Watch) -> None:
    watch.starts_that_fail(5)

    assert watch.see(ended(started_at=2000, ran_s=HEALTHY_S)) == [0.5]


def test_ending_just_before_it_counts_as_healthy_doubles_the_pause(
    watch: Watch,
) -> None:
    assert watch.starts_that_fail(3, ran_s=HEALTHY_S - 1) == [0.5, 1, 2]


def test_a_start_that_came_to_nothing_is_no_healthy_time(watch: Watch) -> None:
    """supervisord refuses and goes on showing the times of the last long run."""
    long_ago = ended(ran_s=10 * HEALTHY_S)
    watch.see(long_ago)
    watch.wait(1)

    assert watch.see(long_ago) == [1]
    watch.wait(1)
    assert watch.see(long_ago) == [2]


def test_a_start_by_somebody_else_takes_the_planned_one_away(watch: Watch) -> None:
    watch.see(ended())
    watch.see(RUNNING)

    assert watch.wait(60) == []


def test_a_stop_on_purpose_takes_the_planned_start_away(watch: Watch) -> None:
    watch.see(ended())
    watch.kept.clear()
    watch.see(ended())

    assert watch.wait(60) == []


@pytest.mark.parametrize("on_purpose", [replace(RUNNING, state=State.STOPPED), None])
def test_after_a_stop_or_a_start_on_purpose_the_pause_is_short_again(
    watch: Watch, on_purpose: ProcessInfo | None
) -> None:
    watch.starts_that_fail(5)
    if on_purpose:
        watch.see(on_purpose)
    else:
        watch.kept.clear()
        watch.see(RUNNING)
        watch.kept.add("web")

    assert watch.see(ended(started_at=3000)) == [0.5]


def test_what_ended_together_starts_apart() -> None:
    both = [ended(), replace(ended(), name="stream")]
    chance = iter([0.45, 0.55])
    revivals = Revivals(spread=lambda _: next(chance))

    revivals.plan(both, {"web", "stream"}, now_s=0)

    assert revivals.next_s() == 0.45
    assert [due.process.name for due in revivals.take_due(0.5)] == ["web"]
    assert revivals.next_s() == 0.55
