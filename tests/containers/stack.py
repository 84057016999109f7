"""The system in containers, with the face of the native one: a URL, ports, commands."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil

from compose.containers import render
from compose.settings import Settings
from tests.system.stack import COMMAND_WITHIN_S, Stack

ROOT = Path(__file__).parents[2]

DOCKER = shutil.which("docker") or "docker"

IMAGES = ("plain", "kafka", "spark", "nginx")

UP_WITHIN_S = 300
BUILD_WITHIN_S = 1800
_LOG_LINES = "60"


class Containers(Stack):
    """A Compose project of the suite's own; `emostream` runs outside, as people do."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(folder, settings)
        self._file = folder / "compose.yaml"
        self._project = f"emostream-test-{os.getpid()}"
        self.code = ROOT
        """What the images are made from."""
        self.tag = self._project
        """As which they are known: those of a system that runs keep their names."""

    def compose(
        self, *arguments: str, within_s: float = COMMAND_WITHIN_S
    ) -> subprocess.CompletedProcess[str]:
        """Run `docker compose` to its end; stderr goes with stdout."""
        # A change of the settings is a change of these.
        self._file.write_text(render.text(Settings.from_environment(self.environment)))
        project = ("-p", self._project, "-f", str(self._file))
        folder = ("--project-directory", str(self.code / "compose"))
        command = [DOCKER, "compose", *project, *folder, *arguments]
        return self.to_end(command, within_s, IMAGE_TAG=self.tag)

    def build(self) -> subprocess.CompletedProcess[str]:
        """Make the images, as far as they are not there; says what was done anew."""
        return self.compose("build", "--progress", "plain", within_s=BUILD_WITHIN_S)

    def up(self) -> subprocess.CompletedProcess[str]:
        """Start what does not run yet, and wait until all of it is well."""
        within_s = BUILD_WITHIN_S + UP_WITHIN_S
        return self.compose("up", "--build", "--detach", "--wait", within_s=within_s)

    def down(self) -> subprocess.CompletedProcess[str]:
        """Stop everything; data is kept."""
        return self.compose("down")

    def end(self) -> subprocess.CompletedProcess[str]:
        """Stop everything, and delete its data and the images."""
        done = self.compose("down", "--volumes", "--remove-orphans")
        self.remove_images(self.tag)
        return done

    def size_mib(self, image: str) -> float:
        """Return the size of an image, as Docker counts it."""
        name = f"emostream-{image}:{self.tag}"
        said = subprocess.run(
            [DOCKER, "image", "inspect", "--format", "{{.Size}}", name],
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        return int(said) / 1024**2

    def remove_images(self, tag: str) -> None:
        """Delete the images that have this tag, if there are any."""
        names = [f"emostream-{image}:{tag}" for image in IMAGES]
        subprocess.run(
            [DOCKER, "image", "rm", *names], stdout=subprocess.DEVNULL, check=False
        )

    def inside(self, service: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a container that runs."""
        return self.compose("exec", "-T", service, *command)

    def kill(self, service: str) -> None:
        """End a container's process as a crash does: Docker is to start it again.

        `docker kill` is an order, after which Docker leaves it.
        """
        os.kill(self.pids()[service], signal.SIGKILL)

    def pids(self) -> dict[str, int]:
        """Return the process id of each container that runs, by its service."""
        states = {name: one["State"] for name, one in self.inspected().items()}
        return {name: state["Pid"] for name, state in states.items() if state["Pid"]}

    def inspected(self) -> dict[str, dict[str, Any]]:
        """Return all that Docker knows of each container, by its service."""
        services = {one["Name"]: one["Service"] for one in self.containers()}
        found = subprocess.run(
            [DOCKER, "inspect", *services], stdout=subprocess.PIPE, check=True
        ).stdout
        return {services[one["Name"].lstrip("/")]: one for one in json.loads(found)}

    def containers(self) -> list[dict[str, Any]]:
        """Return what Compose knows of each container, those that have ended, too."""
        said = self.compose("ps", "--all", "--format", "json").stdout
        return [json.loads(line) for line in said.splitlines() if line.startswith("{")]

    def host_url(self, room: str) -> str:
        """Return a link that makes whoever opens it the room's host."""
        said = self.inside("web", "emostream", "host-url", room).stdout
        found = re.search(r"http\S+", said)
        assert found, said
        return found[0]

    def processes(self) -> list[psutil.Process]:
        """Return nothing: they are the containers' business."""
        return []

    def log_tails(self) -> Iterator[tuple[str, str]]:
        """Yield the end of each container's log."""
        for one in self.containers():
            name = one["Service"]
            yield name, self.compose("logs", "--tail", _LOG_LINES, name).stdout
