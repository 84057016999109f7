import signal
from collections.abc import Iterable

import httpx

from tests.system.crowd import Crowd
from tests.system.observer import Observer
from tests.system.stack import Stack, listeners_on


def line_with(text: str, lines: Iterable[str]) -> str:
    return next(line for line in lines if text in line)


def test_a_tap_is_seen_by_watch(stack: Stack, room: str) -> None:
    with stack.spawn("watch", "--room", room, "--trace") as watch:
        try:
            assert watch.stdout
            stack.run("tap", "🔥", "--room", room)
            line_with("total=1 ", watch.stdout)
            tapped = stack.run("tap", ":heart:", "--room", room, "--count", "1200")
            line = line_with("total=1201 ", watch.stdout)
        finally:
            watch.send_signal(signal.SIGINT)

    assert (tapped.returncode, tapped.stdout) == (0, "accepted 1200\n")
    assert f"room={room} total=1201 mood=love sentiment=positive" in line
    for hop in ("stored→made=", "made→bridge=", "bridge→here=", "all="):
        assert hop in line
    assert watch.returncode == 0


def test_a_tap_that_is_refused_says_why(stack: Stack, room: str) -> None:
    tapped = stack.run("tap", "smile", "--room", room)

    assert tapped.returncode == 1
    assert "nothing_acceptable (bad_emoji)" in tapped.stdout


def test_up_again_changes_nothing(stack: Stack, http: httpx.Client, room: str) -> None:
    before = [listeners_on(port) for port in stack.ports]
    again = stack.up()

    assert again.returncode == 0, again.stdout
    assert [listeners_on(port) for port in stack.ports] == before
    with Observer(stack.cluster_ports[0], room) as observer:
        Crowd(http, room).react("👏")
        observer.wait_for_total(1)


def test_status_is_good_and_names_every_part(stack: Stack) -> None:
    status = stack.run("status")

    assert status.returncode == 0, status.stdout
    for part in ("kafka", "main", "cluster-1", "cluster-3", "stream", "bridge", "web"):
        assert part in status.stdout


def test_logs_shows_what_a_part_wrote(stack: Stack) -> None:
    logs = stack.run("logs", "stream")

    assert logs.returncode == 0
    assert logs.stdout.strip()


def test_totals_go_on_after_down_and_up(
    stack: Stack, http: httpx.Client, room: str
) -> None:
    crowd = Crowd(http, room)
    with Observer(stack.cluster_ports[0], room) as observer:
        crowd.react("❤️", "👏")
        observer.wait_for_total(2)
    for done in (stack.down(), stack.up()):
        assert done.returncode == 0, done.stdout
    with Observer(stack.cluster_ports[0], room) as observer:
        observer.wait_for_total(2)
        crowd.react("❤️")
        assert observer.wait_for_total(3)["totals"] == crowd.book
