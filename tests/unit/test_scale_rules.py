"""When a cluster may be closed, who is left in it, and what is said of it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from clients.worker.wire import BrokerAddress, WorkerStatus
from compose import brokers
from compose.errors import Refused
from compose.layout import Layout
from compose.scaling import closing, drains, growing
from compose.scaling.audience import NoMain, Seen, clusters_seen
from compose.scaling.drains import Drain
from compose.scaling.waiting import Waiting
from compose.settings import Settings

THREE = Settings(clusters=3)
NOW_MS = 1_795_226_378_000
EMPTY = Seen(members=0, capacity=100, is_draining=False)
FULL = replace(EMPTY, members=100)


def seen(*clusters: Seen) -> dict[str, Seen]:
    return {f"cluster-{number}": one for number, one in enumerate(clusters, 1)}


def status(cluster: str, worker: str = "worker-1", members: int = 0) -> WorkerStatus:
    return WorkerStatus(
        cluster=cluster,
        worker=worker,
        at_ms=NOW_MS - 1000,
        started_ms=0,
        broker=BrokerAddress("127.0.0.1", 1885, 9885),
        capacity=100,
        slots=(),
        members=members,
        rooms={},
        rooms_in_all=0,
        counts={},
    )


def test_a_cluster_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(Refused, match="no cluster 'cluster-4', only cluster-1 to clu"):
        closing.check_cluster(THREE, "cluster-4")
    with pytest.raises(Refused, match=r"only cluster-1\."):
        closing.check_cluster(Settings(clusters=1), "cluster-2")


def test_a_cluster_may_close_if_the_others_have_room_for_its_members() -> None:
    half = replace(EMPTY, members=50)

    closing.check_room(THREE, ["cluster-3"], set(), seen(half, half, FULL))


def test_a_cluster_may_not_close_if_one_member_more_would_find_no_place() -> None:
    half, more = replace(EMPTY, members=50), replace(EMPTY, members=51)

    with pytest.raises(Refused) as refusal:
        closing.check_room(THREE, ["cluster-3"], set(), seen(half, more, FULL))

    assert str(refusal.value) == (
        "Without cluster-3 100 clients would have to go, and 99 places are left,"
        " at cluster-1 and cluster-2."
    )


def test_members_of_clusters_that_close_already_need_the_same_room() -> None:
    with pytest.raises(Refused, match="200 clients would have to go, and 100 places"):
        closing.check_room(THREE, ["cluster-2"], {"cluster-3"}, seen(EMPTY, FULL, FULL))


def test_the_last_that_takes_clients_stays_open() -> None:
    closed, live = {"cluster-1", "cluster-2"}, seen(EMPTY, EMPTY, EMPTY)

    with pytest.raises(Refused, match="No other cluster than cluster-3 takes clients"):
        closing.check_room(THREE, ["cluster-3"], closed, live)


def test_of_others_that_are_silent_nobody_says_that_they_take_no_clients() -> None:
    with pytest.raises(Refused) as refusal:
        closing.check_room(THREE, ["cluster-3"], {"cluster-1"}, {})

    assert str(refusal.value) == (
        "cluster-2 does not answer: nobody knows whether there is room for the clients"
        " of cluster-3."
    )


def test_who_has_not_moved_is_counted_by_cluster() -> None:
    told = closing.still_there({"cluster-1": 1, "cluster-2": 1200, "cluster-3": None})

    assert told == (
        "1 client has not moved from cluster-1, 1,200 clients have not moved from"
        " cluster-2, cluster-3 does not answer"
    )


def test_a_closed_cluster_names_both_ways_out() -> None:
    one, two = drains.begun("cluster-1", 5), drains.begun("cluster-2", 5)
    leaving = drains.begun("cluster-2", 5, is_leaving=True)

    assert closing.stays_closed([one]) == (
        "cluster-1 stays closed: `emostream drain cluster-1 --force` stops it anyhow,"
        " `emostream undrain cluster-1` opens it again."
    )
    assert "cluster-1 and cluster-2 stay closed" in closing.stays_closed([one, two])
    assert "`emostream scale` as before, with `--force`" in closing.stays_closed(
        [leaving]
    )


def test_a_cluster_lives_by_its_link_and_a_fresh_word_of_a_worker() -> None:
    came = {
        "clusters/cluster-1/link": b"1",
        "workers/cluster-1/worker-1/status": status("cluster-1", members=3).encode(),
        "workers/cluster-1/worker-2/status": status("cluster-1", members=4).encode(),
        "workers/cluster-1/worker-3/status": b"",
        "clusters/cluster-2/link": b"0",
        "workers/cluster-2/worker-1/status": status("cluster-2").encode(),
        "clusters/cluster-3/link": b"1",
        "workers/cluster-3/worker-1/status": b"nonsense",
    }

    assert clusters_seen(came, NOW_MS) == {"cluster-1": Seen(7, 100, False)}  # noqa: FBT003
    assert clusters_seen(came, NOW_MS + 3000) == {}


def test_a_cluster_is_closed_when_all_of_its_workers_know() -> None:
    knows = msgspec.structs.replace(status("cluster-1"), is_draining=True)
    came = {
        "clusters/cluster-1/link": b"1",
        "workers/cluster-1/worker-1/status": knows.encode(),
        "workers/cluster-1/worker-2/status": status("cluster-1").encode(),
    }

    assert not clusters_seen(came, NOW_MS)["cluster-1"].is_draining
    came["workers/cluster-1/worker-2/status"] = knows.encode()
    assert clusters_seen(came, NOW_MS)["cluster-1"].is_draining


ONE, THREE_OF_TWO = Settings(clusters=1, workers=1), Settings(clusters=3, workers=2)


def processes(settings: Settings, *clusters: str) -> set[str]:
    return {name for one in clusters for name in brokers.processes_of(settings, one)}


def reached(ready: set[str]) -> tuple[int, int]:
    stays = growing.reached(ONE, THREE_OF_TWO, ["cluster-1"], ready)
    return stays.clusters, stays.workers


ALL = processes(THREE_OF_TWO, "cluster-1", "cluster-2", "cluster-3")


@pytest.mark.parametrize(
    ("missing", "stays"),
    [
        (set(), (3, 2)),
        ({"cluster-3"}, (2, 2)),
        (processes(THREE_OF_TWO, "cluster-2"), (3, 2)),
        ({"cluster-3-worker-2"}, (3, 2)),
        ({"cluster-3-worker-1", "cluster-3-worker-2"}, (2, 2)),
        ({"cluster-1-worker-2"}, (3, 1)),
        ({"cluster-1-worker-2", "cluster-2", "cluster-3"}, (1, 1)),
    ],
)
def test_of_a_growth_that_failed_all_stays_that_people_may_have_come_to(
    missing: set[str], stays: tuple[int, int]
) -> None:
    assert reached(ALL - missing) == stays


def test_a_drain_is_read_back_and_outlives_its_command(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    drain = drains.begun("cluster-2", 7.5, is_leaving=True)

    drains.add(layout, drain)

    assert drains.read(layout) == {"cluster-2": drain}
    assert drains.stopped(layout) == set()
    drains.add(layout, drains.as_stopped(drain))
    assert drains.stopped(layout) == {"cluster-2"}
    drains.forget(layout)
    assert drains.read(layout) == {}


def test_a_note_that_cannot_be_read_closes_the_cluster_all_the_same(
    tmp_path: Path,
) -> None:
    layout = Layout(tmp_path)
    layout.drains.mkdir(parents=True)
    (layout.drains / "cluster-2.json").write_text('{"cluster')

    assert drains.read(layout) == {"cluster-2": Drain("cluster-2")}


class Audience:
    """Says what it is told to say, one look after the other."""

    def __init__(self, *looks: Seen | None, kept: int | None = 0) -> None:
        self._looks, self._kept = [*looks], kept

    def seen(self) -> Mapping[str, Seen]:
        look = self._looks.pop(0)
        if look is None:
            raise NoMain("The main broker does not answer.")
        return {"cluster-1": look}

    def tell(self, drains: Iterable[Drain]) -> None:
        del drains
        raise AssertionError("who waits tells nothing")

    def is_told(self, drains: Iterable[Drain]) -> bool:
        del drains
        raise AssertionError("who waits asks nothing")

    def kept(self, cluster: str) -> int | None:
        del cluster
        return self._kept


CLOSED = replace(EMPTY, is_draining=True)


def test_the_wait_is_over_when_the_broker_knows_of_nobody() -> None:
    waiting = Waiting(Audience(replace(CLOSED, members=2), CLOSED), ["cluster-1"])

    assert [waiting.is_over(), waiting.is_over()] == [False, True]


@pytest.mark.parametrize("kept", [1, None])
def test_the_workers_word_alone_does_not_end_the_wait(kept: int | None) -> None:
    waiting = Waiting(Audience(CLOSED, kept=kept), ["cluster-1"])

    assert not waiting.is_over()
    assert waiting.left == {"cluster-1": kept}


def test_who_can_still_join_is_waited_for() -> None:
    assert not Waiting(Audience(EMPTY), ["cluster-1"]).is_over()


def test_a_main_broker_that_is_away_is_waited_for_and_named_once() -> None:
    waiting = Waiting(Audience(None, None, CLOSED), ["cluster-1"])

    told = [(waiting.is_over(), [*waiting.news()]) for _ in range(3)]

    away = "The main broker does not answer."
    assert told == [(False, [away]), (False, []), (True, [])]
    assert waiting.silence == ""


def test_who_comes_back_is_waited_for_again() -> None:
    back = {"cluster-1": [CLOSED, replace(CLOSED, members=3)], "cluster-2": [FULL] * 2}

    class Two(Audience):
        def seen(self) -> Mapping[str, Seen]:
            return {name: looks.pop(0) for name, looks in back.items()}

    waiting = Waiting(Two(), ["cluster-1", "cluster-2"])
    waiting.is_over()
    assert waiting.left == {"cluster-2": 100}

    waiting.is_over()

    assert waiting.left == {"cluster-1": 3, "cluster-2": 100}


def test_progress_is_told_when_it_has_changed() -> None:
    some, fewer = replace(CLOSED, members=1340), replace(CLOSED, members=1028)
    waiting = Waiting(Audience(some, fewer, fewer, CLOSED), ["cluster-1"])

    told = []
    for _ in range(4):
        waiting.is_over()
        told.append([*waiting.news()])

    assert told == [
        ["cluster-1: 0 of 1,340 clients have moved"],
        ["cluster-1: 312 of 1,340 clients have moved"],
        [],
        ["cluster-1: 1,340 of 1,340 clients have moved"],
    ]
