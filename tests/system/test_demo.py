"""The demo in short form, as whoever has never seen the project runs it."""

import re
import signal
import time

from tests.system.stack import Stack

WITHIN_S = 300
INVALID = 3
"""A machine that is busy with other things makes the latencies its own."""

SHORT = ("--clients", "20", "--rate", "50", "--seconds", "15")


def test_parts_die_during_the_match_and_nothing_is_lost(
    stack: Stack, room: str
) -> None:
    done = stack.run("demo", *SHORT, "--room", room, "--yes", within_s=WITHIN_S)
    said = done.stdout

    assert done.returncode in {0, INVALID}, said
    assert (done.returncode == INVALID) is ("This machine was too busy" in said)
    assert "EmoStream is running: the demo uses it as it is." in said
    worker = found(r"killed (cluster-\d-worker-\d) \(pid (\d+)\)", said)
    broker = found(r"killed (cluster-\d)'s broker \(pid (\d+)\)", said)
    assert not worker[0].startswith(broker[0])
    assert f"{worker[0]} was started again by itself" in said
    assert f"{broker[0]} takes clients again" in said
    assert "All 20 clients are served." in said
    assert found(r"clients had to move; nobody waited longer than ([\d.]+) s", said)
    accepted = found(r"accepted +([\d,]+) reactions", said)
    assert accepted == found(r"counted +([\d,]+) lost 0, counted twice 0", said)
    assert re.search(
        r"ledger +stored [\d,]+, repeated [\d,]+, counted [\d,]+: diff", said
    )
    assert f"watch --room {room}" in said


def test_ctrl_c_ends_it_in_order_and_says_what_was_until_then(
    stack: Stack, room: str
) -> None:
    running = stack.spawn("demo", "--clients", "5", "--rate", "20", "--room", room)
    assert running.stdout
    with running:
        for line in running.stdout:
            if "Everybody stands" in line:
                break
        time.sleep(1)
        running.send_signal(signal.SIGINT)
        said = running.stdout.read()
        code = running.wait(WITHIN_S)

    assert code in {0, INVALID}, said
    assert "Ended early, after" in said
    assert "lost 0, counted twice 0" in said


def test_a_second_demo_is_told_why_it_cannot_begin(stack: Stack, room: str) -> None:
    first = stack.spawn("demo", "--clients", "5", "--rate", "20", "--room", room)
    assert first.stdout
    with first:
        for line in first.stdout:
            if "Everybody stands" in line:
                break
        second = stack.run("demo", *SHORT)
        first.send_signal(signal.SIGINT)
        first.stdout.read()

    assert second.returncode == 1
    assert "Another demo is running here" in second.stdout


def test_bad_values_are_a_sentence_each(stack: Stack) -> None:
    done = stack.run("demo", "--room", "Not a room")

    assert done.returncode == 2
    assert "is not a room" in done.stdout
    assert "Traceback" not in done.stdout


def found(pattern: str, text: str) -> tuple[str, ...]:
    match = re.search(pattern, text)
    assert match, text
    return match.groups()
