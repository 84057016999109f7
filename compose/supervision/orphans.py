"""Our processes whose supervisor is gone: found by a mark in their environment."""

import contextlib
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

MARKER = "STATE_DIR_OF_EMOSTREAM"
"""Variable that each of our processes inherits: whose it is."""

SUPERVISOR_MODULE = "supervisor.supervisord"

_NAME_VARIABLE = "SUPERVISOR_PROCESS_NAME"
"""Variable that supervisord gives to each of its processes, and they to theirs."""

_KILL_WITHIN_S = 2.0
_POLL_S = 0.05


def find(state_dir: Path) -> list[psutil.Process]:
    """Return every process that was started for `state_dir`, supervisord too."""
    ours = {psutil.Process().pid, *(p.pid for p in psutil.Process().parents())}
    return [
        process
        for process in psutil.process_iter(["environ"])
        if process.pid not in ours
        and (process.info["environ"] or {}).get(MARKER) == str(state_dir)
        and _is_alive(process)
    ]


def names(processes: Iterable[psutil.Process]) -> list[str]:
    """Return the names that supervisord knew these by, in order."""
    return sorted({name for process in processes if (name := _name(process))})


def end_all(state_dir: Path, *, patience_s: float) -> None:
    """End what was started for `state_dir`, by ids: asked first, killed after a while.

    A supervisord is killed first: one that takes no orders would start the others
    again, or leave them unburied. A process that was just being started is missed
    by a look (it has no environment yet), so the last look is one that finds nothing.

    Args:
        state_dir: Whose processes.
        patience_s: How long altogether these may take to end by themselves.
    """
    deadline = time.monotonic() + patience_s
    while processes := find(state_dir):
        supervisors = [process for process in processes if _is_supervisor(process)]
        others = [process for process in processes if process not in supervisors]
        _signal(supervisors, signal.SIGKILL)
        _signal(others, signal.SIGTERM)
        left = wait_ended(others, within_s=max(0.0, deadline - time.monotonic()))
        _signal(left, signal.SIGKILL)
        unkillable = wait_ended([*supervisors, *left], within_s=_KILL_WITHIN_S)
        if unkillable:  # in a system call that does not return: nothing helps
            return


def wait_ended(
    processes: Iterable[psutil.Process],
    *,
    within_s: float,
    tell: Callable[[psutil.Process], None] = lambda _: None,
) -> list[psutil.Process]:
    """Wait until processes have ended, or time is up; return those that have not.

    Args:
        processes: Whose end to wait for.
        within_s: How long at most.
        tell: Called for each that has ended, as soon as that is seen.
    """
    deadline = time.monotonic() + within_s
    left = list(processes)
    while left:
        for process in [process for process in left if not _is_alive(process)]:
            left.remove(process)
            tell(process)
        if time.monotonic() > deadline:
            break
        time.sleep(_POLL_S)
    return left


def _is_alive(process: psutil.Process) -> bool:
    """Tell whether a process still runs; one that is only unburied does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _is_supervisor(process: psutil.Process) -> bool:
    try:
        return SUPERVISOR_MODULE in process.cmdline()
    except psutil.Error:
        return False


def _name(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(_NAME_VARIABLE)
    except psutil.Error:
        return None


def _signal(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
