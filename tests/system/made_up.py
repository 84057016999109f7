"""Frames of rooms where nobody reacted: shown to everybody past the stream."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from paho.mqtt.publish import single

from tests.integration.processes import LOOPBACK
from tests.system.crowd import now_ms
from tests.system.stack import Stack

WINDOW_MS = 2000
_CLASSES = ("joy", "love", "surprise", "sadness", "anger", "other")


def frame(room: str, counts: Mapping[str, int], number: int = 1) -> dict[str, Any]:
    """Return a frame of a room, as the contract has it.

    Args:
        room: Whose.
        counts: Of its window, and of all before it.
        number: The higher of two is the newer one.
    """
    total, start_ms = sum(counts.values()), now_ms() // WINDOW_MS * WINDOW_MS
    return {
        "v": 1,
        "room": room,
        "epoch": "2026-01-01T00:00:00.000Z",
        "seq": number,
        "window_start_ms": start_ms,
        "window_ms": WINDOW_MS,
        "counts": counts,
        "other": 0,
        "scaled": {emoji: max(1, n // 1000) for emoji, n in counts.items()},
        "share": {emoji: n / total for emoji, n in counts.items()},
        "mood": {name: float(name == "joy") for name in _CLASSES},
        "sentiment": {"positive": 1.0, "neutral": 0.0, "negative": 0.0},
        "total": total,
        "totals": counts,
        "times": {"appended_ms": start_ms, "made_ms": start_ms},
    }


def show(stack: Stack, frame: Mapping[str, Any]) -> None:
    """Retain a frame at the main broker, as only the bridge may."""
    state = Path(stack.environment["EMOSTREAM_STATE_DIR"])
    passwords = json.loads((state / "credentials.json").read_text())["passwords"]
    single(
        f"rooms/{frame['room']}/frame",
        json.dumps(frame),
        qos=1,
        retain=True,
        hostname=LOOPBACK,
        port=stack.main_port,
        auth={"username": "bridge", "password": passwords["bridge"]},
    )
