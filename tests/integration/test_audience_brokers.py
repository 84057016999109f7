"""A cluster's broker dies, and its clients go on at the others."""

import time
from collections.abc import Callable
from pathlib import Path

from clients.worker.wire import Join
from compose.brokers import cluster_names
from mosquitto.placement import ranked, spread_s
from tests.frames import frame
from tests.integration.audience_clients import Attendee
from tests.integration.audience_crowd import Crowd, crowd
from tests.integration.fleet import Fleet, audience_of, fleet

CLIENTS = 300
SHARE = 0.99
NEWER_WITHIN_S = 30
"""Twice of what is wanted: other tests run at the same time."""

ROUND_S = 0.25


def placed(served_by: Fleet, turned: Crowd, number: int) -> Attendee:
    """Return a client with a place as the server would give it."""
    client_id, names = f"client-{number}", cluster_names(served_by.settings)
    order = ranked(client_id, dict.fromkeys(names, 1))
    ports = [served_by.ports[names.index(name)] for name in order]
    spread = spread_s(CLIENTS // len(names))
    return Attendee(turned, client_id, ports, Join("final"), spread_s=spread)


def test_a_dead_brokers_clients_have_newer_frames_elsewhere(tmp_path: Path) -> None:
    total = 0

    def play_until(done: Callable[[], bool], what: str) -> None:
        nonlocal total
        deadline = time.monotonic() + NEWER_WITHIN_S
        while not done():
            total += 1
            served_by.play(frame("final", total, total, total=total))
            turned.turn_for(ROUND_S)
            assert time.monotonic() < deadline, f"no {what}"

    with fleet(tmp_path, clusters=3, workers=1) as served_by, crowd() as turned:
        watching = [placed(served_by, turned, number) for number in range(CLIENTS)]
        play_until(lambda: all(one.total for one in watching), "frame for everybody")
        dead = served_by.brokers.clusters[0]
        moving = [one for one in watching if one.port == dead.port]
        others = [one for one in watching if one.port != dead.port]
        dead.kill()
        killed_s, killed_at = time.monotonic(), total

        def has_newer(one: Attendee) -> bool:
            return one.port != dead.port and one.total > killed_at

        enough = SHARE * len(moving)
        play_until(lambda: sum(map(has_newer, moving)) >= enough, "newer frames")
        took_s = time.monotonic() - killed_s
        print(f"{SHARE:.0%} of {len(moving)} had a newer frame after {took_s:.1f} s")
        play_until(lambda: all(map(has_newer, moving)), "newer frame for the rest")

        assert len(moving) > CLIENTS / 6
        assert not any(one.losses for one in others)
        for one in watching:
            shown = [frame.position for frame in one.shown]
            assert shown == sorted({*shown})
        dead.start()
        turned.turn_until(
            lambda: served_by.members() == audience_of(watching), "true members"
        )
