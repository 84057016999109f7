import json
import signal
import time
from collections.abc import Iterable

import httpx
import psutil

from tests.system.crowd import Crowd
from tests.system.observer import FRAME_WITHIN_S, Observer
from tests.system.stack import Stack, listeners_on

WELL_WITHIN_S = 120


def good_status(stack: Stack, *options: str) -> str:
    """Return what `status` says once all is well: a machine may stall for a while."""
    deadline = time.monotonic() + WELL_WITHIN_S
    while (status := stack.run("status", *options)).returncode != 0:
        assert time.monotonic() < deadline, status.stdout
    return status.stdout


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


def test_verify_finds_nothing_wrong(stack: Stack) -> None:
    """It needs the URL alone: the server tells where the brokers are."""
    checked = stack.run("verify", stack.url, "--clusters", "3")

    assert checked.returncode == 0, checked.stdout
    *findings, last = checked.stdout.splitlines()
    assert {line.split()[0] for line in findings} == {"ok"}
    assert last.startswith(f"All is well: {stack.url}")


def test_a_tap_that_is_refused_says_why(stack: Stack, room: str) -> None:
    tapped = stack.run("tap", "smile", "--room", room)

    assert tapped.returncode == 1
    assert "nothing_acceptable (bad_emoji)" in tapped.stdout
    assert "'smile' is no emoji, and no name of one" in tapped.stdout


def test_up_again_changes_nothing(stack: Stack, http: httpx.Client, room: str) -> None:
    before = [listeners_on(port) for port in stack.ports]
    again = stack.up()

    assert again.returncode == 0, again.stdout
    assert [listeners_on(port) for port in stack.ports] == before
    with Observer(stack.cluster_ports[0], room) as observer:
        Crowd(http, room).react("👏")
        observer.wait_for_total(1)


def test_status_is_good_and_names_every_part(stack: Stack) -> None:
    status = good_status(stack)

    for part in ("kafka", "main", "cluster-1", "cluster-3", "stream", "bridge", "web"):
        assert part in status
    assert status.endswith("All is well.\n")


def test_status_tells_a_program_how_fresh_everything_is(
    stack: Stack, http: httpx.Client, room: str
) -> None:
    crowd = Crowd(http, room)
    with Observer(stack.cluster_ports[0], room) as observer:
        crowd.react("👏")
        observer.wait_for_total(1)

    status = json.loads(good_status(stack, "--json"))

    assert status["is_well"], status["findings"]
    assert status["kafka"]["stream_lag"]["lost_records"] == 0
    assert status["stream"]["last_trigger_s"] > 0
    assert status["stream"]["rows_dropped"] == {"count": 0, "dedupe": 0}
    assert status["stream"]["last_pulse_age_s"] < 6
    for cluster in status["clusters"]:
        assert cluster["is_linked"]
        assert cluster["last_frame_age_s"] < FRAME_WITHIN_S + WELL_WITHIN_S
    memory_bytes = sum(process["memory_bytes"] for process in status["processes"])
    assert memory_bytes > 500 * 1024**2


def test_the_stream_gives_way_to_what_takes_reactions(stack: Stack) -> None:
    looked = json.loads(good_status(stack, "--json"))["processes"]
    pids = {process["name"]: process["pid"] for process in looked}
    web, stream = (psutil.Process(pids[name]) for name in ("web", "stream"))
    counting = [stream, *stream.children(recursive=True)]

    assert len(counting) > 1  # Spark is a child
    assert min(one.nice() for one in counting) > web.nice()


def test_a_hung_bridge_is_the_one_sentence_until_it_wakes_up(stack: Stack) -> None:
    processes = json.loads(stack.run("status", "--json").stdout)["processes"]
    (pid,) = [process["pid"] for process in processes if process["name"] == "bridge"]
    bridge = psutil.Process(pid)
    bridge.suspend()
    try:
        tables, sentences = bad_status(stack, "bridge ")  # which may be said to be new
    finally:
        bridge.resume()

    assert "bridge does not say how it is: no answer on port" in sentences
    assert "No pulse" not in sentences
    assert "cluster-1" in tables
    good_status(stack)


def bad_status(stack: Stack, start: str) -> tuple[str, str]:
    """Return the tables and the sentences of `status`, once these begin like this."""
    deadline = time.monotonic() + WELL_WITHIN_S
    while True:
        status = stack.run("status")
        tables, _, sentences = status.stdout.rpartition("\n\n")
        if status.returncode == 1 and sentences.startswith(start):
            return tables, sentences
        assert time.monotonic() < deadline, status.stdout


def test_status_can_be_watched_until_ctrl_c(stack: Stack) -> None:
    with stack.spawn("status", "--watch", "--json") as watch:
        try:
            assert watch.stdout
            looks = [json.loads(watch.stdout.readline()) for _ in range(2)]
        finally:
            watch.send_signal(signal.SIGINT)

    assert looks[1]["at_ms"] > looks[0]["at_ms"]
    assert watch.returncode == 130


def test_the_doctor_finds_nothing_wrong_while_all_runs(stack: Stack) -> None:
    doctor = stack.run("doctor", "--json")

    found = json.loads(doctor.stdout)["findings"]
    assert [finding for finding in found if finding["level"] == "wrong"] == []
    assert doctor.returncode == 0
    (ports,) = [finding["text"] for finding in found if finding["subject"] == "ports"]
    assert "13 are in use by us" in ports


def test_logs_shows_what_a_part_wrote(stack: Stack) -> None:
    logs = stack.run("logs", "stream")

    assert logs.returncode == 0
    assert logs.stdout.strip()
