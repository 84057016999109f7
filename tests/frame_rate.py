"""`python -m tests.frame_rate`: how smoothly 300 emoji fly on a slow phone.

The page itself, in Debian's browser without a graphics card, with all that its main
thread does made four times slower, while each window brings more emoji than the air
takes. What is counted are the frames that the browser brought to the screen, from its
own trace; beside it the same without the brake.
"""

import json
import logging
import statistics
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser

from tests import java
from tests.pictures import DESK, MOVING, PHONE, Screen
from tests.system.browser import Visitors, chromium
from tests.system.made_up import WINDOW_MS, frame, show
from tests.system.stack import Stack

ROOM = "storm"
BRAKES = (1, 4)
REPEATS = 3
TRACED_FOR_MS = 5000

_FILLS_MS = 8000
"""Until as many fly as the air takes: the slowest rises for some six seconds."""

_COUNTS = {"❤️": 160_000, "😂": 90_000, "👏": 70_000, "🔥": 60_000, "🎉": 40_000}
_SHOWN = "Display::DrawAndSwap"
_BEGIN_PHASES = "XBb"


def main() -> int:
    """Measure, and print a line for each screen; 1 if the system did not start."""
    java.short_lived()
    # To publish one message it hangs up, and calls that an error.
    logging.getLogger("paho.mqtt.client").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="emostream-frames-") as folder:
        stack = Stack(Path(folder))
        try:
            started = stack.up()
            if started.returncode != 0:
                sys.stderr.write(started.stdout)
                return 1
            with chromium() as browser, _storm(stack):
                for screen in (PHONE, DESK):
                    _measure(browser, stack, screen)
        finally:
            stack.down()
    return 0


@contextmanager
def _storm(stack: Stack) -> Iterator[None]:
    """Show a frame of many reactions each window."""
    ending = threading.Event()

    def rage() -> None:
        number = 0
        while not ending.wait(WINDOW_MS / 1000):
            number += 1
            show(stack, frame(ROOM, _COUNTS, number))

    thread = threading.Thread(target=rage)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


def _measure(browser: Browser, stack: Stack, screen: Screen) -> None:
    for brake in BRAKES:
        rates = [_rate(browser, stack, screen, brake) for _ in range(REPEATS)]
        median, least = statistics.median(rates), min(rates)
        sys.stdout.write(
            f"{screen.name} px, {brake} x slower: {median:.1f} frames a second,"
            f" at least {least:.1f} (of {REPEATS})\n"
        )
        sys.stdout.flush()


def _rate(browser: Browser, stack: Stack, screen: Screen, brake: int) -> float:
    visitors = Visitors(browser, stack.url)
    visitor = visitors.new(
        viewport=screen.size, device_scale_factor=screen.pixels, **MOVING
    )
    visitor.open(f"/rooms/{ROOM}")
    visitor.expect_served()
    visitor.page.wait_for_timeout(_FILLS_MS)
    tools = visitor.context.new_cdp_session(visitor.page)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": brake})
    browser.start_tracing(page=visitor.page, categories=["viz"])
    visitor.page.wait_for_timeout(TRACED_FOR_MS)
    trace = json.loads(browser.stop_tracing())
    visitors.leave()
    return _shown_per_s(trace)


def _shown_per_s(trace: dict[str, list[dict[str, object]]]) -> float:
    """Return how many frames a second there were between the first and the last."""
    shown_us = sorted(
        float(str(event["ts"]))
        for event in trace["traceEvents"]
        if event["name"] == _SHOWN and str(event["ph"]) in _BEGIN_PHASES
    )
    return 1e6 * (len(shown_us) - 1) / (shown_us[-1] - shown_us[0])


if __name__ == "__main__":
    sys.exit(main())
