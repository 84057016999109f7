"""Clusters and workers come and go while people react, watch, join and leave."""

import json
import re
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest

from tests.system.member import Member
from tests.system.observer import FRAME_WITHIN_S, Observer
from tests.system.stack import CLUSTERS, Stack, wait_until
from tests.system.taps import tapping, wait_for_traffic
from tests.system.test_commands import good_status

JOINED = CLUSTERS + 1
"""So that a cluster has two of them, who have to move when it is drained."""

SPREAD = ("--spread", "2")
TOTAL = re.compile(r"^(\S+) .*total=(\d+) ")


class Joined:
    """Somebody who runs `emostream join`, and every line that it prints."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def frames(self) -> list[str]:
        """Return the lines that show a frame."""
        return [line for line in [*self.lines] if TOTAL.search(line)]

    def end(self) -> None:
        """Leave, and wait until all is read."""
        self.process.terminate()
        self._reader.join(FRAME_WITHIN_S)
        self.process.wait(FRAME_WITHIN_S)

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line)
        self.process.stdout.close()


@contextmanager
def joined(stack: Stack, room: str) -> Iterator[list[Joined]]:
    """Have several people in the room, each of whom shows a frame."""
    people: list[Joined] = []
    try:
        people += (Joined(stack.spawn("join", "--room", room)) for _ in range(JOINED))
        wait_until(lambda: all(one.frames() for one in people), "everybody's frame")
        yield people
    finally:
        for one in people:
            one.end()


@contextmanager
def visits(http: httpx.Client, room: str) -> Iterator[list[int]]:
    """Have somebody come, see a frame, and leave, again and again."""
    seen: list[int] = []
    stop = threading.Event()

    def visit() -> None:
        while not stop.wait(0.05):
            try:
                with Member(http, room) as member:
                    # Its cluster may be closed between the place and the join.
                    if "error" not in (member.assignment or {}):
                        member.wait_for(lambda _: True)
                        seen.append(1)
            except ConnectionRefusedError:
                continue  # or be gone by then

    with ThreadPoolExecutor(1) as pool:
        at_work = pool.submit(visit)
        try:
            yield seen
        finally:
            stop.set()
        at_work.result()


@pytest.fixture
def as_found(stack: Stack) -> Iterator[None]:
    """Leave the system as large as it was, with all clusters open."""
    try:
        yield
    finally:
        for number in range(1, CLUSTERS + 1):
            stack.run("undrain", f"cluster-{number}")
        size = ("--clusters", str(CLUSTERS), "--workers", "3")
        scaled = stack.run("scale", *size, "--force", "--spread", "0")
        assert scaled.returncode == 0, scaled.stdout


def done(stack: Stack, *command: str) -> str:
    ran = stack.run(*command)
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


def status(stack: Stack) -> Any:  # noqa: ANN401 - JSON
    return json.loads(good_status(stack, "--json"))


def sizes(stack: Stack) -> tuple[int, int]:
    """Return how many clusters run, and how many workers in all."""
    seen = status(stack)
    running = [one["name"] for one in seen["processes"] if one["state"] == "RUNNING"]
    workers = [name for name in running if "-worker-" in name]
    return len(seen["clusters"]), len(workers)


def places(stack: Stack, room: str) -> dict[str, str]:
    """Return the clusters of a room's clients, by their ids."""
    listed = json.loads(done(stack, "clients", "list", "--room", room, "--json"))
    return {one["client_id"]: one["cluster"] for one in listed["clients"]}


def fullest(there: Mapping[str, str]) -> tuple[str, str]:
    """Return the cluster with most clients, and another one."""
    count = Counter(there.values())
    names = [f"cluster-{number}" for number in range(1, CLUSTERS + 1)]
    first, second, *_ = sorted(names, key=lambda name: -count[name])
    return first, second


def port(stack: Stack, cluster: str) -> int:
    return stack.cluster_ports[int(cluster.removeprefix("cluster-")) - 1]


def common(people: Sequence[Joined]) -> list[list[str]]:
    """Return what each has shown since everybody was there, until the first left."""
    shown = [one.frames() for one in people]
    first = max(place(lines[0]) for lines in shown)
    last = min(place(lines[-1]) for lines in shown)
    return [[line for line in lines if first <= place(line) <= last] for lines in shown]


def place(line: str) -> tuple[str, int]:
    """Return the window and the total: of two frames, the newer has the higher."""
    found = TOTAL.search(line)
    assert found, line
    return found[1], int(found[2])


def total(line: str) -> int:
    return place(line)[1]


@pytest.mark.usefixtures("as_found")
def test_nobody_misses_a_frame_while_clusters_and_workers_come_and_go(
    stack: Stack, http: httpx.Client, room: str
) -> None:
    with ExitStack() as during:
        taps = during.enter_context(tapping(http, room))
        wait_for_traffic(taps)
        people = during.enter_context(joined(stack, room))
        there = places(stack, room)
        assert len(there) == JOINED
        emptied, other = fullest(there)
        watching = during.enter_context(Observer(port(stack, other), room))
        seen = during.enter_context(visits(http, room))

        done(stack, "scale", "--clusters", "4", "--workers", "2")
        assert sizes(stack) == (4, 8)

        done(stack, "drain", emptied, *SPREAD)
        assert len(places(stack, room)) >= JOINED  # with other ids, and visitors
        assert status(stack)["drains"] == {emptied: "drained"}
        assert sizes(stack) == (3, 6)

        done(stack, "undrain", emptied)
        done(stack, "scale", "--clusters", "3", "--workers", "3", *SPREAD)
        assert sizes(stack) == (3, 9)

        before = len(seen)
        wait_until(lambda: len(seen) > before + 3, "visits after all that")
        wait_for_traffic(taps)
        before_s = taps.book.total()
        watching.wait_for(lambda frame: frame["total"] >= before_s)
        wait_until(
            lambda: all(total(one.frames()[-1]) >= before_s for one in people),
            "everybody's newest frame",
        )
        shown = common(people)
    assert len(shown[0]) > 10
    for lines in shown[1:]:
        assert lines == shown[0]
    with Observer(stack.cluster_ports[-1], room) as observer:
        frame = observer.wait_for_total(taps.book.total())
    assert frame["totals"] == taps.book


@pytest.mark.usefixtures("as_found")
def test_what_cannot_be_drained_is_one_sentence(stack: Stack) -> None:
    absent = stack.run("drain", "cluster-9")
    assert absent.returncode == 1
    assert absent.stdout == (
        "There is no cluster 'cluster-9', only cluster-1 to cluster-3.\n"
    )
    done(stack, "drain", "cluster-1", "--spread", "0")
    done(stack, "drain", "cluster-2", "--spread", "0")

    twice, last = stack.run("drain", "cluster-2"), stack.run("drain", "cluster-3")

    assert (twice.returncode, last.returncode) == (1, 1)
    assert "cluster-2 is drained already: `emostream undrain cluster-2`" in twice.stdout
    assert "No other cluster than cluster-3 takes clients" in last.stdout


@pytest.mark.usefixtures("as_found")
def test_a_client_that_does_not_follow_the_call_stays_served_until_it_is_forced(
    stack: Stack, http: httpx.Client, room: str
) -> None:
    with tapping(http, room), Member(http, room) as plain:
        assert plain.assignment
        cluster = plain.assignment["cluster"]
        with stack.spawn("drain", cluster, "--spread", "0") as drain:
            assert drain.stdout
            line = next(line for line in drain.stdout if "0 of 1" in line)
            count = len(plain.payloads)
            wait_until(lambda: len(plain.payloads) > count + 1, "frames all the same")
            drain.terminate()
            rest = drain.stdout.read()

        assert line == f"{cluster}: 0 of 1 clients have moved\n"
        assert f"{cluster} stays closed" in rest
        assert drain.returncode == 130
        assert status(stack)["drains"] == {cluster: "draining"}
        opened = stack.run("undrain", cluster)

    assert opened.returncode == 0, opened.stdout
    assert status(stack)["drains"] == {}
