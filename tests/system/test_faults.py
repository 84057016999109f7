"""What is killed while people react comes back, and no reaction is lost."""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import httpx
import psutil
import pytest

from tests.system.crowd import Crowd, post, reactions
from tests.system.observer import Frame, Observer
from tests.system.stack import RETURNS_WITHIN_S, Stack, listeners_on
from tests.system.taps import Taps, tapping

KAFKA = "kafka"
LONG_AWAY_S = 120


def wait_until(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + RETURNS_WITHIN_S
    while not done():
        assert time.monotonic() < deadline, f"{what}: not in {RETURNS_WITHIN_S} s"
        time.sleep(0.2)


def wait_for_traffic(taps: Taps) -> None:
    before = taps.book.total()
    wait_until(lambda: taps.book.total() > before + 100, "a hundred reactions")


def shown(stack: Stack, room: str, total: int) -> Frame:
    """Return the frame with this total, once every cluster has shown it."""
    frames = []
    for port in stack.cluster_ports:
        with Observer(port, room) as observer:
            frames.append(observer.wait_for_total(total, RETURNS_WITHIN_S))
    assert all(frame["totals"] == frames[0]["totals"] for frame in frames)
    return frames[0]


def test_up_after_a_crash_of_everything_loses_nothing(
    stack: Stack, http: httpx.Client, room: str
) -> None:
    with tapping(http, room) as taps:
        wait_for_traffic(taps)
        wait_until(lambda: all_killed(stack), "the end of everything")

        started = stack.up()
        assert started.returncode == 0, started.stdout
        wait_for_traffic(taps)

    assert shown(stack, room, taps.book.total())["totals"] == taps.book


def all_killed(stack: Stack) -> bool:
    """Kill all that runs; tell whether nothing did: the dying may start another."""
    everything = stack.processes()
    for process in everything:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(everything, timeout=10)
    return not everything


def test_a_killed_kafka_returns_by_itself_and_nothing_is_lost(
    stack: Stack, http: httpx.Client, room: str
) -> None:
    with tapping(http, room) as taps:
        wait_for_traffic(taps)
        killed = listeners_on(stack.kafka_port)
        for process in killed:
            process.kill()
        wait_until(
            lambda: listeners_on(stack.kafka_port) not in (set(), killed),
            "another Kafka",
        )
        wait_for_traffic(taps)

    assert shown(stack, room, taps.book.total())["totals"] == taps.book
    assert "kafka" in stack.run("logs", "reviver").stdout


@pytest.mark.long
def test_everything_returns_by_itself_after_kafka_was_away_for_long(
    stack: Stack, http: httpx.Client, room: str
) -> None:
    before = Crowd(http, room)
    before.react("❤️", "👏")
    epoch = shown(stack, room, 2)["epoch"]
    assert "stopped" in stack.supervisorctl("stop", KAFKA)
    unknown = unanswered(http, room, for_s=LONG_AWAY_S)

    assert "started" in stack.supervisorctl("start", KAFKA)
    wait_until(lambda: stack.run("status").returncode == 0, "a good status")

    after = Crowd(http, room)
    after.react("🔥")
    accepted = before.book + after.book
    for port in stack.cluster_ports:
        with Observer(port, room) as observer:
            frame = observer.wait_for(
                lambda frame: "🔥" in frame["totals"], RETURNS_WITHIN_S
            )
        assert frame["epoch"] == epoch
        assert accepted <= Counter(frame["totals"]) <= accepted + unknown


def unanswered(http: httpx.Client, room: str, *, for_s: float) -> Counter[str]:
    """React, once each, to a system without Kafka; return what may yet be stored."""
    until = time.monotonic() + for_s
    unknown: Counter[str] = Counter()
    number = 0
    while time.monotonic() < until:
        number += 1
        answer = post(http, room, reactions(["😂"]), key=f"{room}-{number}")
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
        if answer.json()["error"] == "unknown":
            unknown["😂"] += 1
        time.sleep(1)
    return unknown
