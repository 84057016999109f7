"""What the operator's commands do; needs the extra `server`."""

from functools import partial

from rich.console import Console

from compose import banner, cleaning, preflight, running, topology
from compose.layout import Layout
from compose.native import Native
from compose.report import report_on
from compose.settings import Settings
from compose.status import look as status_look
from compose.status import show
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


def show_status(settings: Settings, *, watch: bool, as_json: bool) -> bool:
    """Print how the system is; return whether all is well.

    Args:
        settings: Whose system.
        watch: Look again and again, until KeyboardInterrupt.
        as_json: For programs: a line of JSON for each look.
    """
    look = partial(status_look.look, Layout(settings.state_dir))
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
