"""Who is slow is the proxy's business, and holds up nobody."""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.containers.slow import BEGINNINGS
from tests.containers.stack import Containers
from tests.system.crowd import reactions

SLOW = 500
POSTS = 400
ROUNDS = 5
P99_RATIO_MAX = 2.0


@contextmanager
def flooded(port: int, kind: str) -> Iterator[None]:
    command = [
        sys.executable,
        "-m",
        "tests.containers.slow",
        str(port),
        kind,
        str(SLOW),
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield
        process.stdin.close()


def p99_ms(http: httpx.Client, room: str) -> float:
    """Return what one of a hundred others waits for at least, one after the other."""
    took_ms = []
    for _ in range(POSTS):
        began_s = time.perf_counter()
        answer = http.post(f"/v1/rooms/{room}/reactions", json=reactions("🔥"))
        took_ms.append((time.perf_counter() - began_s) * 1000)
        assert answer.status_code == 202, answer.text
    return statistics.quantiles(took_ms, n=100)[-1]


@pytest.mark.parametrize("kind", BEGINNINGS)
def test_those_who_never_finish_hold_up_nobody(
    containers: Containers, http: httpx.Client, room: str, kind: str
) -> None:
    quiet, beside = [], []
    p99_ms(http, room)
    for _ in range(ROUNDS):
        quiet.append(p99_ms(http, room))
        with flooded(containers.http_port, kind):
            beside.append(p99_ms(http, room))

    ratio = statistics.median(beside) / statistics.median(quiet)
    print(f"p99 alone {quiet} ms, beside {SLOW} {beside} ms: {ratio:.2f}")
    assert ratio <= P99_RATIO_MAX
