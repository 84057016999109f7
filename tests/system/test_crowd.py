"""A crowd on the whole system: all it sends is counted, and nobody misses a frame."""

import json
import signal
import subprocess
import time
from typing import Any

import psutil
import pytest

from tests.system.stack import Stack

CLIENTS, RATE, SECONDS = 20, 50, 10
WITHIN_S = 240
INVALID = 3


def crowd(
    stack: Stack, room: str, *options: str, seconds: int = SECONDS
) -> subprocess.Popen[str]:
    who = ["--clients", str(CLIENTS), "--rate", str(RATE), "--room", room]
    lasting = ["--seconds", str(seconds)] if seconds else []
    return stack.spawn("crowd", *who, *lasting, "--url", stack.url, *options)


def ended(running: subprocess.Popen[str]) -> tuple[int, str]:
    """Return with which code it ended, and what it said."""
    with running:
        said, _ = running.communicate(timeout=WITHIN_S)
    return running.returncode, said


@pytest.mark.parametrize("options", [(), ("--viewers", "10", "--join-leave")])
def test_all_that_a_crowd_sends_is_counted_and_nobody_misses_a_frame(
    stack: Stack, room: str, options: tuple[str, ...]
) -> None:
    code, said = ended(crowd(stack, room, "--json", *options))
    found: dict[str, Any] = json.loads(said)

    assert found["failures"] == []
    # A machine that is busy with other things makes a run invalid, and it says so.
    assert code == (INVALID if found["invalid"] else 0)
    reactions = found["reactions"]
    assert reactions["accepted"] == reactions["counted"] == CLIENTS * RATE * SECONDS
    assert reactions["is_exact"]
    assert reactions["witnessed"]["counted"] == reactions["accepted"]
    assert reactions["witnessed"]["difference"] == 0
    attended = found["attended"]
    assert attended["members"] >= CLIENTS
    assert attended["frames"] > 0
    assert attended["missed"] == 0
    assert found["tap"]["n"] == reactions["batches"]


def test_it_says_in_words_what_became_of_it(stack: Stack, room: str) -> None:
    timeline = ("--timeline", "final", "--speed", "60")
    code, said = ended(crowd(stack, room, *timeline, seconds=0))

    assert code in {0, INVALID}, said
    assert "refused 0, unknown 0" in said
    assert "holds" in said
    assert "→ own client p50" in said
    assert "missed 0 of" in said


def test_a_sender_that_is_hindered_makes_a_run_invalid(stack: Stack, room: str) -> None:
    running = crowd(stack, room)
    sender = child_of(running, "clients.crowd.sender")
    time.sleep(3)
    sender.suspend()
    time.sleep(2)
    sender.resume()
    code, said = ended(running)

    assert code == INVALID, said
    assert "INVALID: " in said
    assert "10 ms late" in said


def test_ctrl_c_ends_it_in_order(stack: Stack, room: str) -> None:
    running = crowd(stack, room, seconds=600)
    child_of(running, "clients.crowd.sender")
    time.sleep(5)
    running.send_signal(signal.SIGINT)
    code, said = ended(running)

    assert code in {0, INVALID}, said
    assert said.startswith("ended early")
    assert "holds" in said


def test_a_bad_value_is_one_sentence(stack: Stack) -> None:
    done = stack.run("crowd", "--speed", "-1", "--url", stack.url)

    assert done.returncode == 2
    assert done.stdout == "speed is -1: it is to be from 0.1 to 1,000.\n"


def child_of(running: subprocess.Popen[str], module: str) -> psutil.Process:
    """Return the process of a crowd that runs a module, once it is there."""
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        for child in psutil.Process(running.pid).children():
            if module in child.cmdline():
                return child
        time.sleep(0.1)
    raise TimeoutError(f"{module} does not run")
