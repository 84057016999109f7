"""Logs that rotate, under a real supervisord with a small limit."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from compose.files import File
from compose.layout import Layout
from compose.logs import LOG_BACKUPS, LOG_MAX_BYTES
from compose.processes import Process
from compose.supervision import orphans, supervisor
from tests.integration.machine import Machine, machine_in_a_short_folder
from tests.integration.processes import end, spawn, wait_until

LIMIT_BYTES = 200_000
ONE_READ_BYTES = 128 * 1024
"""supervisord looks at a log's size after each of its reads."""

WITHIN_S = 60

WRITER = """
import pathlib, sys, time
def wait_for(mark):
    while not pathlib.Path(sys.argv[1], mark).exists():
        time.sleep(0.02)
print("begin", flush=True)
wait_for("fill")
for number in range(20_000):
    print(f"{number:0100}")
print("filled", flush=True)
wait_for("finish")
print("finished", flush=True)
wait_for("never")
"""


@pytest.fixture
def machine() -> Iterator[Machine]:
    with machine_in_a_short_folder() as machine:
        yield machine


@pytest.fixture
def writer(machine: Machine) -> Path:
    """Run a process that writes 2 MB once it may; return its log."""
    layout = machine.layout
    layout.make()
    script = layout.root / "writer.py"
    script.write_text(WRITER)
    command = (sys.executable, str(script), str(layout.root))
    process = Process(name="writer", command=command, ready=lambda: True)
    text = supervisor.render(layout, [[process]])
    config = layout.config / "supervisord.conf"
    File(config, text.replace(str(LOG_MAX_BYTES), str(LIMIT_BYTES))).write()
    marker = {orphans.MARKER: str(layout.root)}
    supervisor.launch(layout, config, {**os.environ, **marker})
    wait_until(machine.supervisor.answers, within_s=WITHIN_S, what="supervisord")
    machine.supervisor.start(machine.supervisor.processes()["writer"])
    log = layout.log_of("writer")
    wait_until(lambda: "begin" in text_of(log), within_s=WITHIN_S, what="the writer")
    return log


def text_of(file: Path) -> str:
    try:
        return file.read_text()
    except FileNotFoundError:  # a rotation renames it
        return ""


def written(log: Path) -> list[Path]:
    return sorted(log.parent.glob("writer.log*"))


def allow(layout: Layout, mark: str) -> None:
    (layout.root / mark).touch()


def wait_for_all_files(log: Path) -> None:
    """Wait until the 2 MB are written and no rotation is under way."""
    wait_until(
        lambda: any("filled" in text_of(file) for file in written(log)),
        within_s=WITHIN_S,
        what="the end of 2 MB",
    )
    wait_until(
        lambda: len(written(log)) == 1 + LOG_BACKUPS,
        within_s=WITHIN_S,
        what="the last rotation",
    )


def test_a_process_that_writes_a_lot_leaves_a_few_files_of_limited_size(
    machine: Machine, writer: Path
) -> None:
    allow(machine.layout, "fill")

    wait_for_all_files(writer)

    sizes_bytes = [len(text_of(file)) for file in written(writer)]
    assert max(sizes_bytes) <= LIMIT_BYTES + ONE_READ_BYTES


def test_logs_follows_across_a_rotation(machine: Machine, writer: Path) -> None:
    shown = machine.layout.root / "shown"
    environment = {**os.environ, "EMOSTREAM_STATE_DIR": str(machine.layout.root)}
    command = [sys.executable, "-m", "compose", "logs", "writer", "--follow"]
    follower = spawn(command, shown, environment)
    try:
        wait_until(lambda: "begin" in text_of(shown), within_s=WITHIN_S, what="a line")
        allow(machine.layout, "fill")
        wait_for_all_files(writer)
        allow(machine.layout, "finish")
        wait_until(
            lambda: "finished" in text_of(shown),
            within_s=WITHIN_S,
            what="what came after the rotations",
        )
    finally:
        end(follower, within_s=5)


def emostream(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "compose", *arguments],
        env={**os.environ, "EMOSTREAM_STATE_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN_S,
    )


def test_logs_without_a_name_lists_them(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.make()
    for name in ("web", "kafka"):
        layout.log_of(name).touch()

    done = emostream(tmp_path, "logs")

    assert (done.returncode, done.stdout) == (0, "Logs: kafka, web\n")


def test_logs_of_a_name_that_has_none_fails_and_lists_them(tmp_path: Path) -> None:
    done = emostream(tmp_path, "logs", "nobody")

    assert done.returncode == 1
    assert "There is no log of 'nobody'. Logs: none yet: `up` makes them" in done.stderr
