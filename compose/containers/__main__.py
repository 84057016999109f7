"""`python -m compose.containers`: what a container starts with, and what starts them.

`prepare` makes secrets and configuration, `run NAME...` does steps and becomes the
process of the last name, `render` prints the Compose file of the settings it finds.
"""

import os
import resource
import sys
import time
from collections.abc import Iterable
from typing import Annotated, NoReturn

import typer

from compose import brokers, probe, problems, topology
from compose.containers import gateway, proxy, render
from compose.containers.place import PROXY
from compose.credentials import Credentials
from compose.errors import Refused
from compose.layout import Layout
from compose.processes import Part, Process, Step, StepFailed, System
from compose.settings import Settings

_AGAIN_AFTER_S = 0.5

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.command("render")
def render_file() -> None:
    """Print the Compose file of these settings."""
    with problems.told():
        typer.echo(render.text(Settings.load()), nl=False)


@app.command()
def prepare() -> None:
    """Make secrets, configuration and folders, where they are missing or old."""
    with problems.told():
        settings = Settings.load()
        layout = Layout(settings.state_dir)
        layout.make()
        credentials = Credentials.load_or_make(layout.root, brokers.broker_users())
        system = topology.contained(settings, credentials, _say)
        for file in [
            *system.files,
            proxy.file(settings, PROXY, gateway.host_address()),
        ]:
            file.write()
        _say(f"prepared {len(system.parts)} parts in {layout.root}")


@app.command()
def run(
    names: Annotated[list[str], typer.Argument(help="Steps first, a process last.")],
) -> None:
    """Do steps, and become a process; says in logs what it waits for."""
    with problems.told():
        settings = Settings.load()
        credentials = Credentials.load(settings.state_dir)
        system = topology.contained(settings, credentials, _say)
        for part in _named(system, names):
            match part:
                case Step():
                    _do(part, system)
                case Process():
                    _become(part)


def _named(system: System, names: Iterable[str]) -> list[Part]:
    known = {part.name: part for part in system.parts}
    missing = [name for name in names if name not in known]
    if missing:
        raise Refused(f"There is no part {missing[0]!r}, only {', '.join(known)}.")
    return [known[name] for name in names]


def _do(step: Step, system: System) -> None:
    """Do a step once all that it needs works."""
    for needed in system.processes:
        if needed.name in step.needs:
            _wait_for(needed)
    try:
        step.run()
    except StepFailed as error:
        raise Refused(f"{step.name}: {error}. {step.hint}") from error
    _say(f"{step.name} done")


def _wait_for(process: Process) -> None:
    until_s = time.monotonic() + process.ready_within_s
    while not process.ready():
        if time.monotonic() > until_s:
            raise Refused(
                f"{process.name} is not ready after {process.ready_within_s:.0f} s."
                f" {process.hint}"
            )
        time.sleep(_AGAIN_AFTER_S)


def _become(process: Process) -> NoReturn:
    probe.leave(process.ready)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a connection is a file
    environment = {**os.environ, **process.environment}
    os.execvpe(process.command[0], process.command, environment)  # noqa: S606 - no shell is meant


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    app()
