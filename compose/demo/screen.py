"""Shows a demo: a picture that fills the terminal, or a line for each thing."""

import sys
import time
from collections.abc import Callable
from typing import Protocol, Self, TextIO

from rich.console import Console
from rich.live import Live

from clients.cli.view import leading
from compose.demo.picture import HEIGHT_MIN, WIDTH_MIN, picture
from compose.demo.scene import (
    PHASES,
    Scene,
    cluster_words,
    latency_words,
    ledger_words,
)

LINE_EVERY_S = 5.0

_CUT_LINES, _WRAP_LINES = "\x1b[?7l", "\x1b[?7h"
"""A line that is wider than was thought, by an emoji, shall not become two."""


class Screen(Protocol):
    """Where a demo is shown."""

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was."""
        ...

    def show(self, scene: Scene) -> None:
        """Show what has changed."""
        ...


class PlainScreen:
    """A line for whatever happens, and every few seconds one with the figures."""

    def __init__(
        self, out: TextIO, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._out, self._clock = out, clock
        self._told = 0
        self._said_s = float("-inf")

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing behind."""

    def show(self, scene: Scene) -> None:
        """Write what is new."""
        for happening in scene.happenings[self._told :]:
            self._say(f"{happening.clock}  {happening.kind:<6}  {happening.text}")
        self._told = len(scene.happenings)
        if self._clock() - self._said_s >= LINE_EVERY_S and scene.expected:
            self._said_s = self._clock()
            self._say(figures_line(scene))

    def _say(self, text: str) -> None:
        print(text, file=self._out, flush=True)


class LiveScreen:
    """A picture that is drawn over itself, and gone in the end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, screen=True)

    def __enter__(self) -> Self:
        """Take over the terminal."""
        self._live.start()
        self._console.file.write(_CUT_LINES)
        return self

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        self._console.file.write(_WRAP_LINES)
        self._live.stop()

    def show(self, scene: Scene) -> None:
        """Draw it all again."""
        drawn = picture(scene, self._console.size)
        self._live.update(drawn, refresh=True)


def screen_for(console: Console) -> Screen:
    """Choose the picture for a terminal that has room for it, lines for the rest."""
    size = console.size
    if not console.is_terminal or console.is_dumb_terminal:
        return PlainScreen(sys.stdout)
    if size.width < WIDTH_MIN or size.height < HEIGHT_MIN:
        console.print(
            f"This terminal has {size.width}x{size.height}; with"
            f" {WIDTH_MIN}x{HEIGHT_MIN} there would be a picture."
        )
        return PlainScreen(sys.stdout)
    return LiveScreen(console)


def figures_line(scene: Scene) -> str:
    """Write how it stands as one line."""
    if not scene.sent:
        return (
            f"{PHASES[scene.phase]}: {scene.served:,} of {scene.expected:,} are there"
        )
    words = [
        f"match {scene.match_clock}",
        f"{scene.per_s:,.0f}/s",
        f"accepted {scene.accepted:,}",
        f"counted {scene.counted:,}",
        f"on their way {scene.on_their_way:,}",
        f"refused {scene.refused:,}",
        f"served {scene.served:,}/{scene.expected:,} ({cluster_words(scene.clusters)})",
        f"tap → this screen {latency_words(scene.latency)}",
        f"mood {leading(dict(scene.frame.mood))[0]}" if scene.frame else "",
        ledger_words(scene),
    ]
    return " | ".join(filter(None, words))
