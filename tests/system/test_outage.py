"""What was away for long comes back by itself, and no reaction is lost."""

import time
from collections import Counter

import httpx
import pytest

from tests.system.crowd import Crowd, post, reactions
from tests.system.observer import Frame, Observer
from tests.system.stack import RETURNS_WITHIN_S, Stack, wait_until

KAFKA = "kafka"
LONG_AWAY_S = 120


def shown(stack: Stack, room: str, total: int) -> Frame:
    """Return the frame with this total, once every cluster has shown it."""
    frames = []
    for port in stack.cluster_ports:
        with Observer(port, room) as observer:
            frames.append(observer.wait_for_total(total, RETURNS_WITHIN_S))
    assert all(frame["totals"] == frames[0]["totals"] for frame in frames)
    return frames[0]


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
