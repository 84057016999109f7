"""A real browser, and the page as a person has it: what it says, and what can be done.

Debian's Chromium, driven by Playwright. A page is read by its roles and words, as a
screen reader has it.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    WebSocket,
    expect,
    sync_playwright,
)

SEEN_WITHIN_MS = 120_000
"""A busy machine shows a tap after seconds, and a person would have gone."""

PHASE = "data-phase"

expect.set_options(timeout=SEEN_WITHIN_MS)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser; without one there is nothing to test."""
    path = shutil.which("chromium")
    if path is None:
        _absent("chromium is not installed: make test installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            # Root has no sandbox; what is shown is our own page.
            chromium_sandbox=os.geteuid() != 0,
            # The pages stand for phones of their own: none is in the background.
            args=["--disable-renderer-backgrounding"],
        )
        yield browser
        browser.close()


def _absent(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class Visitor:
    """Somebody with a browser of their own, on one page."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context, self._url = context, url
        self.ports: list[int] = []
        """Of the brokers that the page has called, in this order."""
        self.complaints: list[str] = []
        """What the page said on its console that should not be."""
        self.page = context.new_page()
        self.page.set_default_timeout(SEEN_WITHIN_MS)
        self.page.on("websocket", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))

    def open(self, path: str) -> None:
        """Go to a page."""
        self.page.goto(self._url + path)

    @property
    def port(self) -> int:
        """Where the page found its newest broker."""
        return self.ports[-1]

    @property
    def phase(self) -> str | None:
        """What the page thinks of itself."""
        return self.page.locator(f"[{PHASE}]").get_attribute(PHASE)

    def expect_served(self) -> None:
        """Wait until it gets the room's frames."""
        served = re.compile("live|quiet")
        expect(self.page.locator(f"[{PHASE}]")).to_have_attribute(PHASE, served)

    def tap(self, name: str, times: int = 1) -> None:
        """Press a button of the tap bar."""
        button = self.page.get_by_role("button", name=f"{name}, react")
        for _ in range(times):
            button.click()

    def expect_total(self, total: int) -> None:
        """Wait until the page shows the room's total."""
        said = re.compile(rf"^{total:,}\s*reactions?$")
        expect(self.page.locator("p.sum")).to_have_text(said)

    def expect_words(self, words: str | re.Pattern[str]) -> None:
        """Wait until the page says something."""
        expect(self.page.get_by_text(words).first).to_be_visible()

    def phases(self) -> Callable[[], list[str]]:
        """Begin to note the page's phases; what is returned tells them."""
        self.page.evaluate(_NOTE_PHASES, PHASE)
        return lambda: self.page.evaluate("globalThis.phases")

    def _note(self, socket: WebSocket) -> None:
        port = urlsplit(socket.url).port
        assert port
        self.ports.append(port)


_NOTE_PHASES = """attribute => {
  const room = document.querySelector(`[${attribute}]`);
  globalThis.phases = [];
  new MutationObserver(() => globalThis.phases.push(room.getAttribute(attribute)))
    .observe(room, { attributes: true, attributeFilter: [attribute] });
}"""


class Visitors:
    """Lets people in, each with a browser profile of their own."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser, self._url = browser, url
        self._all: list[Visitor] = []

    def new(self, **device: Any) -> Visitor:  # noqa: ANN401 - as Playwright's
        """Let somebody in, for whom nothing moves unless told: that takes a core.

        Args:
            device: What is special about theirs, as Playwright calls it.
        """
        context = self._browser.new_context(**{"reduced_motion": "reduce", **device})
        visitor = Visitor(context, self._url)
        self._all.append(visitor)
        return visitor

    def leave(self) -> None:
        """Close all pages; none may have complained."""
        for visitor in self._all:
            visitor.context.close()
        assert [said for each in self._all for said in each.complaints] == []
