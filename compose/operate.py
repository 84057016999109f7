"""What the operator's commands do; needs the extra `server`."""

import sys
from dataclasses import asdict
from functools import partial
from typing import NoReturn

from rich.console import Console

from compose import banner, cleaning, epochs, network, preflight, running, topology
from compose.errors import NOT_RUNNING, Refused
from compose.layout import Layout
from compose.native import Native
from compose.report import Report, report_on
from compose.scaling import bounds, drains, turn
from compose.scaling.__main__ import foreground
from compose.scaling.bounds import Bounds
from compose.scaling.scale import Scaling
from compose.settings import Settings, variable
from compose.status import look as status_look
from compose.status import show
from compose.supervision.rpc import Supervisor
from stream.epoch import Epoch


def up(settings: Settings) -> str:
    """Bring the system up and return what to do with it now.

    Raises:
        Refused: If it cannot be brought up; nothing of it is left running.
        BadSetting: If it is to scale itself, and would start out of bounds; if the
            public host is no address of this machine.
        KeyboardInterrupt: If a person gave up; the same.
    """
    if settings.auto_scale:
        bounds.check(settings)
    network.public_address(settings.public_host)
    preflight.check(settings)
    running.interrupts_raise()
    before = Epoch.read_beside(settings.stream_dir)
    with report_on(Console()) as report:
        native = Native(Layout(settings.state_dir), report)
        runs_with = native.up(
            settings, lambda chosen: topology.native(chosen, report.say)
        )
        _tell_drained(runs_with, report)
        begun = epochs.told(before, Epoch.read_beside(runs_with.stream_dir))
        if begun:
            report.say(begun)
    return banner.ready_text(runs_with, with_code=sys.stdout.isatty())


def down(settings: Settings) -> bool:
    """Take the system down; return whether anything was running."""
    with report_on(Console()) as report:
        return Native(Layout(settings.state_dir), report).down()


def drain(settings: Settings, cluster: str, spread_s: float, *, force: bool) -> None:
    """Empty a cluster and stop it.

    Raises:
        Refused: If it cannot be closed, or somebody has not moved in time.
        KeyboardInterrupt: If a person gave up; it stays closed.
    """
    running.interrupts_raise()
    with report_on(Console()) as report:
        scaling = Scaling(Layout(settings.state_dir), report)
        scaling.drain(cluster, spread_s, force=force)


def undrain(settings: Settings, cluster: str) -> None:
    """Open a drained cluster again.

    Raises:
        Refused: If it is not drained, or cannot be started.
        KeyboardInterrupt: If a person gave up; it stays as it was.
    """
    running.interrupts_raise()
    with report_on(Console()) as report:
        Scaling(Layout(settings.state_dir), report).undrain(cluster)


def scale(
    settings: Settings,
    clusters: int | None,
    workers: int | None,
    *,
    spread_s: float,
    force: bool,
) -> None:
    """Have as many clusters and workers run; None is as many as now.

    Raises:
        Refused: If that cannot be done, or could not be done to its end.
        KeyboardInterrupt: If a person gave up.
    """
    running.interrupts_raise()
    with report_on(Console()) as report:
        Scaling(Layout(settings.state_dir), report).to(
            clusters=clusters, workers=workers, spread_s=spread_s, force=force
        )


def scale_by_load(settings: Settings) -> NoReturn:
    """Have clusters and workers come and go with the load, until Ctrl-C.

    Raises:
        Refused: If nothing runs, it scales itself already, or lies out of the bounds.
    """
    if Supervisor(Layout(settings.state_dir).socket).is_gone():
        raise Refused(NOT_RUNNING)
    noted = running.runs_with(settings)
    if noted.auto_scale:
        raise Refused(
            f"The system scales itself ({variable('auto_scale')}): `emostream logs"
            f" {topology.SCALER}` has each decision."
        )
    chosen = asdict(Bounds.of(settings))  # of what runs, all but these
    foreground(noted.model_copy(update=chosen))


def _tell_drained(settings: Settings, report: Report) -> None:
    """Say which clusters are left out; one of a `scale` that was ended is opened."""
    layout = Layout(settings.state_dir)
    Scaling(layout, report, by=turn.BY_START).take_back()
    for name, drain in drains.read(layout).items():
        report.say(
            f"{name} is {drain.word}, and stays so: `emostream undrain {name}` opens"
            " it."
        )


def show_status(settings: Settings, *, watch: bool, as_json: bool) -> bool:
    """Print how the system is; return whether all is well.

    Args:
        settings: Whose system.
        watch: Look again and again, until KeyboardInterrupt.
        as_json: For programs: a line of JSON for each look.
    """
    look = partial(status_look.look, settings)
    if watch:
        show.watch(look, Console(), as_json=as_json)
    return show.once(look, Console(), as_json=as_json)


def clean(settings: Settings, *, yes: bool) -> str:
    """Delete what the system has left, if a person agrees; say what became of it.

    Raises:
        Refused: If the system is running.
    """
    console = Console()
    layout = Layout(settings.state_dir)
    paths = cleaning.leftovers(layout)
    if not paths:
        return "There is nothing to delete."
    console.print(*paths, sep="\n", markup=False, highlight=False, soft_wrap=True)
    question = "Delete these for good? [y/N] "
    if not yes and console.input(question, markup=False).strip().lower() != "y":
        return "Nothing was deleted."
    with report_on(console) as report, running.alone(layout, report):
        cleaning.delete(cleaning.leftovers(layout))  # asked again: time has passed
    return "Deleted."
