"""Another version of the code goes on with the data of the one before."""

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.containers.stack import ROOT, Containers
from tests.system.crowd import Crowd
from tests.system.observer import Observer

NEXT = "upgrade-test"
BEFORE = "The body must be JSON in UTF-8: one reaction or an array of them."
AFTER = "Send JSON in UTF-8: one reaction or an array of them."
SAID_BY = "ingest/refusal.py"
SLOW_STEPS = ("apt-get", "pip install", "npm ci", "jlink", "jars.ensure")


@pytest.fixture
def changed(tmp_path: Path, containers: Containers) -> Iterator[Path]:
    """Yield a copy of the code in which one thing is said in another way."""
    for line in (ROOT / "compose/Dockerfile.dockerignore").read_text().splitlines():
        if line.startswith("!"):
            shutil.copytree(
                ROOT / line[1:],
                tmp_path / line[1:],
                ignore=shutil.ignore_patterns("__pycache__", "node_modules", "built"),
            )
    file = tmp_path / SAID_BY
    assert BEFORE in file.read_text()
    file.write_text(file.read_text().replace(BEFORE, AFTER))
    tag = containers.tag
    yield tmp_path
    containers.code, containers.tag = ROOT, tag
    back = containers.up()
    assert back.returncode == 0, back.stdout
    containers.remove_images(NEXT)


def test_an_upgrade_keeps_all_data_and_is_made_in_seconds(
    containers: Containers, http: httpx.Client, room: str, changed: Path
) -> None:
    crowd = Crowd(http, room)
    crowd.react("🔥", "❤️")
    with Observer(containers.cluster_ports[0], room) as observer:
        observer.wait_for_total(2)
    assert said(http) == BEFORE
    proxy = containers.inspected()["nginx"]["Id"]

    containers.code, containers.tag = changed, NEXT
    began_s = time.monotonic()
    built = containers.build()
    took_s = time.monotonic() - began_s
    started = containers.up()

    print(f"built anew in {took_s:.0f} s")
    assert started.returncode == 0, started.stdout
    done = "\n".join(done_anew(built.stdout))
    assert "compileall" in done
    assert not any(step in done for step in SLOW_STEPS), done
    assert said(http) == AFTER
    # Its configuration is the code's, too.
    assert containers.inspected()["nginx"]["Id"] != proxy
    crowd.react("🔥")
    with Observer(containers.cluster_ports[0], room) as observer:
        assert observer.wait_for_total(3)["totals"] == crowd.book


def said(http: httpx.Client) -> str:
    """Return what the system says of nonsense."""
    headers = {"Content-Type": "application/json"}
    answer = http.post("/v1/reactions", content=b"{", headers=headers)
    return str(answer.json()["help"])


def done_anew(said: str) -> Iterator[str]:
    """Yield each step of a build that was not found as done before."""
    known = set(re.findall(r"^#(\d+) CACHED$", said, re.MULTILINE))
    for number, step in re.findall(r"^#(\d+) \[.*?\] (.*)$", said, re.MULTILINE):
        if number not in known:
            yield step
