"""The programs of README.md, as a reader would paste them."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.front_desk import SOON_S, FrontDesk, front_desk

ROOT = Path(__file__).parents[2]


def program(document: str, told_by: str) -> str:
    """Return the one program of a document that has some words in it."""
    text = (ROOT / document).read_text()
    found: list[str] = re.findall(
        r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE
    )
    (one,) = [code for code in found if told_by in code]
    return one


@contextmanager
def running(desk: FrontDesk, code: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program where the desk's server and first broker are."""
    code = code.replace("http://127.0.0.1:8080", desk.url)
    code = code.replace("1885", str(desk.clusters[0].port))
    with subprocess.Popen(
        [sys.executable, "-u", "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line_with(text: str, process: subprocess.Popen[str]) -> str:
    assert process.stdout
    said = []
    for line in process.stdout:
        said.append(line)
        if text in line:
            return line
    raise AssertionError(f"no {text!r} in {said}")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[FrontDesk]:
    with front_desk(tmp_path, clusters=1) as desk:
        desk.play(1)
        yield desk


@pytest.mark.timeout(3 * SOON_S)
def test_the_librarys_example_shows_frames_and_says_what_became_of_its_tap(
    desk: FrontDesk,
) -> None:
    with running(desk, program("README.md", "from emostream import")) as process:
        line_with("1 {'❤️': 1} love 100%", process)
        desk.play(2)
        line_with("2 {'❤️': 2} love 100%", process)
        process.send_signal(signal.SIGINT)
        line_with("-- KeyboardInterrupt", process)
        line_with("accepted 1", process)

        assert process.wait(SOON_S) == 0

    assert [one["emoji_type"] for one in desk.reactions] == ["👋"]


@pytest.mark.timeout(3 * SOON_S)
def test_the_example_for_paho_alone_joins_and_shows_frames(desk: FrontDesk) -> None:
    with running(desk, program("README.md", "clients/{ME}/join")) as process:
        line_with("{'❤️': 1}", process)
        desk.play(2)
        line_with("{'❤️': 2}", process)


@pytest.mark.timeout(3 * SOON_S)
def test_the_example_that_only_watches_shows_frames(desk: FrontDesk) -> None:
    code = program("README.md", "rooms/final/frame")
    with running(desk, code) as process:
        line_with("1 {'❤️': 1}", process)
        desk.play(2)
        line_with("2 {'❤️': 2}", process)
