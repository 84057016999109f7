"""`python -m tests.pictures`: the pages as they look while a crowd reacts.

Starts a system of its own, has a crowd react in its room, and keeps what the browser
shows in `docs/pages/`: on a phone and on a desk, light and dark.
"""

import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx
from playwright.sync_api import ViewportSize

from tests import java
from tests.system.browser import Visitor, Visitors, chromium
from tests.system.crowd import Crowd
from tests.system.stack import Stack

MOVING = {"reduced_motion": "no-preference"}
"""Of a browser whose owner likes that things move."""

FOLDER = Path(__file__).parents[1] / "docs" / "pages"
ROOM = "final"
REACTS_FOR_S = 20
"""Ten windows: the room has a mood, and what flies has spread."""

_BATCHES_PER_WINDOW = 60
_BATCH = 500
_EMOJI = ("❤️", "😂", "👏", "🔥", "🎉", "😮", "😢", "👎")
_WEIGHTS = (34, 8, 22, 17, 12, 4, 2, 1)
_CHANCE = random.Random(2026)

Scheme = Literal["light", "dark"]
_SCHEMES: Sequence[Scheme] = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Screen:
    """A screen on which pages are looked at."""

    name: str
    size: ViewportSize
    pixels: float = 1.0
    """Of the screen to one of the page."""


PHONE = Screen("360", {"width": 360, "height": 740}, pixels=2.0)
DESK = Screen("1280", {"width": 1280, "height": 800})


def main() -> int:
    """Make all pictures; the exit code is 1 if the system did not start."""
    java.short_lived()
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="emostream-pictures-") as folder:
        stack = Stack(Path(folder))
        try:
            started = stack.up()
            if started.returncode != 0:
                sys.stderr.write(started.stdout)
                return 1
            _take_all(stack)
        finally:
            stack.down()
    return 0


def _take_all(stack: Stack) -> None:
    with chromium() as browser, httpx.Client(base_url=stack.url) as http:
        visitors = Visitors(browser, stack.url)
        audience = _in(visitors, "audience", f"/rooms/{ROOM}")
        host = _in(visitors, "host", stack.host_url(ROOM).removeprefix(stack.url))
        overlay = visitors.new(viewport=DESK.size, **MOVING)
        overlay.open(f"/overlay/{ROOM}?counts=1&position=bottom-right")
        for visitor in audience.values():
            visitor.expect_served()
        _react(Crowd(http, ROOM))
        for name, visitor in {**audience, **host}.items():
            _take(visitor, name)
        # What OBS lays over a picture: nothing behind it is drawn.
        overlay.page.screenshot(path=FOLDER / "overlay-1280.png", omit_background=True)
        visitors.leave()


def _in(visitors: Visitors, name: str, path: str) -> dict[str, Visitor]:
    """Open a page on each screen and in each theme; return who looks at it."""
    found = {}
    for screen in (PHONE, DESK):
        for scheme in _SCHEMES:
            visitor = visitors.new(
                viewport=screen.size,
                device_scale_factor=screen.pixels,
                color_scheme=scheme,
                **MOVING,
            )
            visitor.open(path)
            found[f"{name}-{screen.name}-{scheme}"] = visitor
    return found


def _react(crowd: Crowd) -> None:
    until_s = time.monotonic() + REACTS_FOR_S
    while time.monotonic() < until_s:
        for _ in range(_BATCHES_PER_WINDOW // 4):
            crowd.react(*_CHANCE.choices(_EMOJI, _WEIGHTS, k=_BATCH))
        time.sleep(0.5)


def _take(visitor: Visitor, name: str) -> None:
    visitor.page.screenshot(path=FOLDER / f"{name}.png")
    sys.stdout.write(f"docs/pages/{name}.png\n")


if __name__ == "__main__":
    sys.exit(main())
