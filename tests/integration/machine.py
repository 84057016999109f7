"""A supervised system of harmless little servers, and what can be asked of it."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil

from compose.layout import Layout
from compose.native import Native
from compose.processes import Part, PortClaim, Process, System
from compose.settings import Settings
from compose.supervision import orphans
from compose.supervision.rpc import Supervisor
from tests.integration.processes import accepts, free_port

SERVER = Path(__file__).with_name("little_server.py")


class Told:
    """A report that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.ready_parts: list[str] = []

    def begun(self, part: str) -> None:
        del part

    def ready(self, part: str, seconds: float) -> None:
        del seconds
        self.ready_parts.append(part)

    def gave_up(self, part: str) -> None:
        del part

    def say(self, text: str) -> None:
        self.lines.append(text)


class Machine:
    """A state folder with what can be asked of it."""

    def __init__(self, folder: Path) -> None:
        self.layout = Layout(folder)
        self.told = Told()
        self.native = Native(self.layout, self.told)
        self.supervisor = Supervisor(self.layout.socket)
        self.journal = folder / "journal"
        self.ports: dict[str, int] = {}

    def server(self, name: str, *needs: str) -> Process:
        port = self.ports.setdefault(name, free_port())
        needed = [str(self.ports[need]) for need in needs if need in self.ports]
        return Process(
            name=name,
            command=(
                *(sys.executable, str(SERVER)),
                *(name, str(self.journal), str(port), *needed),
            ),
            needs=needs,
            ports=(PortClaim(port, f"EMOSTREAM_{name.upper()}_PORT"),),
            ready=partial(accepts, port),
            stop_within_s=1,
        )

    def up(self, *parts: Part, **changed: object) -> Settings:
        settings = Settings.model_validate({"state_dir": self.layout.root, **changed})
        return self.native.up(settings, lambda _: System(parts))

    def pids(self) -> dict[str, int]:
        return {name: info.pid for name, info in self.supervisor.processes().items()}

    def left(self) -> list[psutil.Process]:
        return orphans.find(self.layout.root)

    def events(self) -> list[str]:
        return self.journal.read_text().splitlines()


@contextmanager
def machine_in_a_short_folder() -> Iterator[Machine]:
    """Yield a machine and end what is left of it.

    A socket's path is short; pytest's folders can be long.
    """
    with tempfile.TemporaryDirectory(prefix="emostream-") as folder:
        machine = Machine(Path(folder))
        yield machine
        orphans.end_all(machine.layout.root, patience_s=5)
