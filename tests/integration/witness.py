"""Who checks the stream from outside of it: the auditor's books, and a recount."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from compose.plain_http import get
from tests.integration.processes import LOOPBACK, end, free_port, spawn, wait_until
from tests.integration.stream_process import StreamProcess

WITHIN_S = 300


class Auditor:
    """What the auditor of a stream's topics says; no cluster's broker is there."""

    def __init__(self, port: int) -> None:
        self._base = f"http://{LOOPBACK}:{port}"

    def is_ready(self) -> bool:
        try:
            return self._get("/readyz").is_success
        except httpx.TransportError:
            return False

    def ledger(self, room: str) -> dict[str, Any] | None:
        answer = self._get(f"/ledger/{room}")
        return dict(answer.json()) if answer.is_success else None

    def wait_for_sum(self, room: str, **numbers: int) -> None:
        """Wait until the room's sum has these numbers, or show both."""
        deadline_s = time.monotonic() + WITHIN_S
        while (found := self._sum(room, numbers)) != numbers:
            if time.monotonic() > deadline_s:
                break
            time.sleep(0.3)
        assert found == numbers

    def differences(self, room: str) -> dict[int, int]:
        """Return the difference of each minute that has one."""
        ledger = self.ledger(room) or {"minutes": []}
        lines = {line["minute_ms"]: line["difference"] for line in ledger["minutes"]}
        return {minute_ms: number for minute_ms, number in lines.items() if number}

    def _sum(self, room: str, names: Mapping[str, int]) -> dict[str, int]:
        ledger = self.ledger(room)
        return {name: ledger["sum"][name] for name in names} if ledger else {}

    def _get(self, path: str) -> httpx.Response:
        return get(f"{self._base}{path}", within_s=30)


@contextmanager
def auditor_of(process: StreamProcess) -> Iterator[Auditor]:
    """Run an auditor over the topics of `process`."""
    port = free_port()
    log = process.folder / "auditor.log"
    environment = process.environment(auditor_port=port, cluster_port=free_port())
    running = spawn([sys.executable, "-m", "stream.auditor"], log, environment)
    auditor = Auditor(port)
    try:
        wait_until(auditor.is_ready, within_s=WITHIN_S, what="the auditor")
        yield auditor
    except BaseException:
        print(log.read_text())  # pytest shows it with the failure
        raise
    finally:
        end(running, within_s=30)


def recount(process: StreamProcess, room: str) -> dict[str, Any]:
    """Recount a room of `process`."""
    done = subprocess.run(
        [sys.executable, "-m", "compose", "recount", room, "--json"],
        env=process.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    found = dict(json.loads(done.stdout))
    assert done.returncode == (found["agrees"] is False)
    return found
