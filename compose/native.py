"""The whole system on this machine, brought up and taken down.

What the system is comes from the caller: this module knows no part by name.
"""

import os
import time
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet

from compose import ports, running
from compose.layout import Layout
from compose.lifecycle import NotReady, wait_until
from compose.processes import Process, System
from compose.report import Report
from compose.scaling import drains
from compose.settings import PREFIX, Settings
from compose.starter import Starter
from compose.supervision import kept, orphans, restarts, stopping, supervisor
from compose.supervision.groups import Groups
from compose.supervision.rpc import (
    REVIVER,
    NoSupervisor,
    ProcessInfo,
    State,
    Supervisor,
)

DOWN_WITHIN_S = 20.0
"""After this long whatever still runs is killed; that takes two more seconds."""

_SUPERVISOR_WITHIN_S = 15.0
_ORPHANS_WITHIN_S = 8.0


Plan = Callable[[Settings], System]


class Native:
    """The system of one state folder; one command at a time changes it."""

    def __init__(self, layout: Layout, report: Report) -> None:
        self._layout = layout
        self._report = report
        self._supervisor = Supervisor(layout.socket)
        self._groups = Groups(layout, self._supervisor, report)

    def up(self, settings: Settings, plan: Plan) -> Settings:
        """Start what does not run yet; return once all of it is ready.

        Returns:
            What the system runs with, other than `settings` if it ran before.

        Raises:
            PortsTaken: If a port that is needed cannot be had.
            PartFailed: If a part did not start; what was started is stopped, but for
                what the reviver was about to start.
            NoSupervisor: If supervisord cannot be started, or runs and is silent.
            OtherVersion: If another version's system is running.
            StillRunning: If a process that should go does not end.
            TakenDown: If somebody takes everything down meanwhile.
        """
        self._layout.make()
        with running.alone(self._layout, self._report):
            if not self._supervisor.is_gone():
                self._check_answers()
                return self._complete(settings, plan)
            self._end_orphans()
            drains.forget(self._layout)  # all begin open
            self._begin(settings, plan(settings))
            return settings

    def down(self) -> bool:
        """Stop everything, what needs others first; data is kept.

        A command that starts something meanwhile gives up.

        Returns:
            Whether anything was running.
        """
        if not self._layout.root.exists():
            return False
        with running.taking_down(self._layout):
            was_there = bool(orphans.find(self._layout.root))
            with running.alone(self._layout, self._report), running.uninterrupted():
                return self._down() or was_there

    def _begin(self, settings: Settings, system: System) -> None:
        wanted = ports.table(system.processes)
        ports.check(wanted)
        self._groups.write(system)
        running.note(self._layout, settings)
        kept.forget(self._layout)
        restarts.forget(self._layout)
        try:
            environment = self._environment(settings)
            supervisor.launch(self._layout, self._groups.config, environment)
            self._await_supervisor()
            Starter(self._layout, self._supervisor, self._report).start(system.wanted)
        except BaseException:
            self._report.say("Stopping what was started.")
            with running.uninterrupted():
                self._down()
            raise

    def _complete(self, settings: Settings, plan: Plan) -> Settings:
        self._report.say("Already running; starting what is missing.")
        noted = running.noted(self._layout)
        for difference in running.differences(noted, settings):
            self._report.say(difference)
        system = plan(noted)
        self._groups.fit(system)  # where a change was not finished
        known = self._supervisor.processes()
        self._supervisor.start(known[REVIVER])  # where it has ended
        ports.check(ports.table(_missing(system, known)))
        revived = _revived(known, kept.names(self._layout))
        starter = Starter(self._layout, self._supervisor, self._report)
        try:
            starter.start(system.wanted)
        except BaseException:
            with running.uninterrupted():
                for name in starter.started:
                    self._give_up(known[name], is_revived=name in revived)
            raise
        return noted

    def _give_up(self, process: ProcessInfo, *, is_revived: bool) -> None:
        """Leave a process as it was found: to the reviver, or stopped."""
        if is_revived:
            kept.add(self._layout, process.name)
        else:
            kept.remove(self._layout, process.name)
            self._supervisor.stop(process)

    def _check_answers(self) -> None:
        # What it runs may be well, and serves people: only a person ends that.
        if not self._supervisor.answers():
            raise NoSupervisor(
                "supervisord runs, and does not answer: try again, or `emostream down`"
                " and `up`, which start all anew."
            )

    def _await_supervisor(self) -> None:
        try:
            wait_until(
                self._supervisor.answers,
                within_s=_SUPERVISOR_WITHIN_S,
                what="supervisord",
            )
        except NotReady as error:
            log = self._layout.log_of("supervisord")
            raise NoSupervisor(f"{error}; see {log}") from error

    def _environment(self, settings: Settings) -> dict[str, str]:
        """Give children the settings as they are here, and the mark to find them."""
        others = {k: v for k, v in os.environ.items() if not k.startswith(PREFIX)}
        mark = {orphans.MARKER: str(self._layout.root)}
        return others | settings.as_environment() | mark

    def _end_orphans(self) -> None:
        left = orphans.find(self._layout.root)
        if left:
            names = ", ".join(orphans.names(left))
            self._report.say(f"Ending what an earlier supervisor left: {names}")
            orphans.end_all(self._layout.root, patience_s=_ORPHANS_WITHIN_S)

    def _down(self) -> bool:
        ours = orphans.find(self._layout.root)
        if not ours:
            return False
        deadline = time.monotonic() + DOWN_WITHIN_S
        kept.forget(self._layout)
        try:
            stopping.stop(
                self._supervisor,
                None,
                within_s=deadline - time.monotonic(),
                tell=self._tell_stopped,
            )
            self._supervisor.shutdown()
            orphans.wait_ended(ours, within_s=deadline - time.monotonic())
        except NoSupervisor as error:
            self._report.say(f"{error}; ending {len(ours)} processes one by one.")
        # What is left now has no supervisor, or has outlived its patience.
        patience_s = min(_ORPHANS_WITHIN_S, max(0, deadline - time.monotonic()))
        orphans.end_all(self._layout.root, patience_s=patience_s)
        drains.forget(self._layout)
        return True

    def _tell_stopped(self, name: str) -> None:
        self._report.say(f"  {name:<20} stopped")


def _revived(known: Mapping[str, ProcessInfo], names: AbstractSet[str]) -> set[str]:
    """Return what would be started again without us: kept, and stopped by nobody."""
    return {
        name for name in names & known.keys() if known[name].state is not State.STOPPED
    }


def _missing(system: System, known: Mapping[str, ProcessInfo]) -> list[Process]:
    return [
        process
        for process in system.processes
        if process.name not in system.at_rest and not known[process.name].state.is_alive
    ]
