"""What the operator's commands do; needs the extra `server`."""

from rich.console import Console

from compose import (
    banner,
    cleaning,
    orphans,
    preflight,
    running,
    status,
    status_table,
    topology,
)
from compose.errors import Refused
from compose.layout import Layout
from compose.native import Native
from compose.report import report_on
from compose.settings import Settings
from compose.supervisor_rpc import Supervisor
from stream.epoch import Epoch


def up(settings: Settings) -> str:
    """Bring the system up and return what to do with it now.

    Raises:
        Refused: If it cannot be brought up; nothing of it is left running.
        KeyboardInterrupt: If a person gave up; the same.
    """
    preflight.check(settings)
    running.interrupts_raise()
    before = Epoch.read_beside(settings.stream_dir)
    with report_on(Console()) as report:
        native = Native(Layout(settings.state_dir), report)
        runs_with = native.up(
            settings, lambda chosen: topology.native(chosen, report.say)
        )
        after = Epoch.read_beside(runs_with.stream_dir)
        if before and after and after.name != before.name:
            report.say(
                f"The stream has begun a new epoch, {after.name}: totals go on;"
                " `logs stream` says why."
            )
    return banner.ready_text(runs_with)


def down(settings: Settings) -> bool:
    """Take the system down; return whether anything was running."""
    with report_on(Console()) as report:
        return Native(Layout(settings.state_dir), report).down()


def show_status(settings: Settings) -> bool:
    """Print how the system is; return whether every process runs.

    Raises:
        Refused: If none does.
    """
    layout = Layout(settings.state_dir)
    supervisor = Supervisor(layout.socket)
    if not supervisor.answers():
        left = len(orphans.find(layout.root))
        hint = f" {left} processes of it are left: `down` ends them." if left else ""
        raise Refused(f"EmoStream is not running.{hint}")
    known = list(supervisor.processes().values())
    processes = status.processes(known, layout.log_of("supervisord"))
    console = Console()
    console.print(status_table.process_table(processes), "")
    console.print(status_table.cluster_table(status.clusters(running.noted(layout))))
    return all(process.is_up for process in processes)


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
