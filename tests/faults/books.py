"""What the system itself says at the end: the auditor, `status`, and `recount`."""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx

from compose.plain_http import get
from tests.faults.results import Recounted
from tests.faults.scene import Scene

BALANCED_WITHIN_S = 240.0
"""A machine that stalls takes its time to read what others wrote."""

SETTLED_AFTER_S = 130.0
"""A minute is judged a minute after its end."""

RECOUNTED_WITHIN_S = 600.0
_POLL_S = 0.5


def difference(scene: Scene, known: int = 0) -> tuple[int | None, list[str]]:
    """Return what the auditor is off by in all rooms, and what is wrong with it.

    Waits until it is off by no more than is `known`, or long; the senders are held.
    None if it never answered.
    """
    found = [_until_balanced(scene, room) for room in scene.senders.rooms]
    off = [one for one in found if one is not None]
    if len(off) < len(found):
        return None, ["the auditor does not answer"]
    total = sum(off)
    if total == known:
        return total, []
    return total, [f"the auditor's difference is {total}, it was {known}"]


def wrong_rooms(scene: Scene, held_s: float) -> list[str]:
    """Say which rooms the auditor finds wrong, once it has judged every minute.

    Args:
        scene: Whose.
        held_s: When the last reaction was sent at the latest, monotonic.
    """
    time.sleep(max(0, held_s + SETTLED_AFTER_S - time.monotonic()))

    def overview() -> dict[str, Any] | None:
        return _asked(scene, "/v1/ledger")

    _wait(lambda: (overview() or {}).get("rooms_wrong") == 0)
    said = overview()
    if said is None:
        return ["the auditor does not answer"]
    if said["rooms_wrong"] == 0:
        return []
    return [f"the auditor finds {said['rooms_wrong']} rooms wrong: {said['worst']}"]


def ills(scene: Scene) -> list[str]:
    """Say what `status` finds wrong, if that does not pass."""
    ended: list[str] = []

    def is_well() -> bool:
        done = scene.stack.run("status")
        ended[:] = [] if done.returncode == 0 else [done.stdout.strip()]
        return not ended

    _wait(is_well)
    return [f"status: {text}" for text in ended]


def recounted(scene: Scene, room: str) -> Recounted:
    """Count a room again from what Kafka holds."""
    done = scene.stack.run("recount", room, "--json", within_s=RECOUNTED_WITHIN_S)
    try:
        said = json.loads(done.stdout[done.stdout.index("{") :])
    except ValueError:
        return Recounted(room, 0, None, agrees=False, words=done.stdout.strip())
    off, missing = said["difference"], said["missing"]
    agrees = said["agrees"] is True and off == missing == 0
    words = "" if agrees else done.stdout.strip()
    return Recounted(room, said["recounted"], off, agrees=agrees, words=words)


def _until_balanced(scene: Scene, room: str) -> int | None:
    """Return what a room is off by, once that is nothing, or after long."""
    off: list[int] = []

    def is_balanced() -> bool:
        said = _asked(scene, f"/v1/rooms/{room}/ledger")
        if said:
            off[:] = [said["sum"]["difference"] or said["total_difference"]]
        return bool(said) and off == [0]

    _wait(is_balanced)
    return off[0] if off else None


def _asked(scene: Scene, path: str) -> dict[str, Any] | None:
    try:
        answer = get(f"{scene.stack.url}{path}", within_s=10)
    except httpx.TransportError:
        return None
    said: dict[str, Any] = answer.json() if answer.status_code == httpx.codes.OK else {}
    return said or None


def _wait(done: Callable[[], bool]) -> None:
    """Wait until it is so, or until it has had its time."""
    deadline = time.monotonic() + BALANCED_WITHIN_S
    while not done() and time.monotonic() < deadline:
        time.sleep(_POLL_S)
