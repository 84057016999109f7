"""Whoever registers and joins is served, and goes on being served."""

import json
from contextlib import ExitStack

import httpx
import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from tests.system.crowd import Crowd
from tests.system.member import LITE, Member
from tests.system.stack import Stack, wait_until

MEMBERS = 6


def test_a_member_sees_what_is_tapped(http: httpx.Client, room: str) -> None:
    crowd = Crowd(http, room)
    with Member(http, room) as member:
        crowd.react("🔥", "❤️")
        frame = json.loads(member.wait_for_total(2))

    assert frame["room"] == room
    assert frame["totals"] == crowd.book
    assert member.assignment
    assert member.assignment["topic"] == member.place["topic"]


def test_who_joins_late_sees_what_was_there(http: httpx.Client, room: str) -> None:
    with Member(http, room) as early:
        Crowd(http, room).react("🔥")
        early.wait_for_total(1)
        with Member(http, room) as late:
            late.wait_for_total(1)


@pytest.mark.parametrize(
    "protocol", [MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311]
)
def test_a_small_device_reads_one_short_line(
    http: httpx.Client, room: str, protocol: MQTTProtocolVersion
) -> None:
    with Member(http, room, "lite", protocol) as device:
        Crowd(http, room).react("🔥", "🔥", "❤️")
        line = device.wait_for_total(3)

    found = LITE.fullmatch(line)
    assert found
    assert found[3].split() == ["🔥", "2", "❤️", "1"]
    assert len(line.encode()) <= 64


def test_members_notice_nothing_when_their_workers_are_killed(
    stack: Stack, http: httpx.Client, room: str
) -> None:
    crowd, before = Crowd(http, room), stack.pids()
    with ExitStack() as joined:
        members = [joined.enter_context(Member(http, room)) for _ in range(MEMBERS)]
        for number in (1, 2, 3):
            for cluster in (1, 2, 3):
                stack.kill(f"cluster-{cluster}-worker-{number}")
            crowd.react("❤️")
            for member in members:
                member.wait_for_total(number)

    killed = {name: pid for name, pid in before.items() if "-worker-" in name}
    assert len(killed) == 9
    wait_until(
        lambda: (
            killed.keys() <= (after := stack.pids()).keys()
            and all(after[name] != pid for name, pid in killed.items())
        ),
        "each worker's return",
    )


def test_join_shows_a_room_and_leaves_it(
    stack: Stack, http: httpx.Client, room: str
) -> None:
    with stack.spawn("join", "--room", room) as join:
        try:
            assert join.stdout
            Crowd(http, room).react("👏")
            line = next(line for line in join.stdout if "total=1 " in line)
        finally:
            join.terminate()

    assert "👏" in line
    assert join.returncode == 0
