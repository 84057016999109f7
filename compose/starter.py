"""Starts parts in order of need, side by side, until each is ready by its probe."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager

from compose import logtail, running
from compose.errors import Refused
from compose.layout import Layout
from compose.processes import Part, Process, Step, StepFailed, layers
from compose.report import Report
from compose.supervision import kept
from compose.supervision.rpc import ProcessInfo, StartRefused, State, Supervisor

_POLL_S = 0.1
_LOG_LINES = 15


class PartFailed(Refused):
    """A part could not be started; the text says which, why, and what may help."""


class TakenDown(Refused):
    """Somebody takes everything down, and stops what was started, too."""

    def __init__(self) -> None:
        super().__init__("EmoStream was taken down meanwhile.")


class Cancelled(Exception):
    """Another part failed, or a person gave up: this one is not waited for."""


class Starter:
    """Starts what does not run yet and waits for all of it.

    A process is kept running from the moment that it is ready; until then its end
    is a failure that is told, and nobody starts it again meanwhile.

    Of several parts that fail the first is reported. `started` names what this
    starter has started, so that its caller can stop that again.
    """

    def __init__(self, layout: Layout, supervisor: Supervisor, report: Report) -> None:
        self._layout = layout
        self._supervisor = supervisor
        self._report = report
        self._cancelled = threading.Event()
        self.started: list[str] = []

    def start(self, parts: Sequence[Part]) -> None:
        """Return once every part is ready.

        Raises:
            PartFailed: If one did not become so in its time, or ended.
            TakenDown: If somebody takes everything down meanwhile.
        """
        layers(parts)  # a circle is found before anything runs
        waiting = list(parts)
        done: set[str] = set()
        begun: dict[Future[None], Part] = {}
        with ThreadPoolExecutor(max_workers=len(parts)) as pool, self._cancelling():
            while waiting or begun:
                free = [part for part in waiting if done.issuperset(part.needs)]
                begun |= {pool.submit(self._do, part): part for part in free}
                waiting = [part for part in waiting if part not in free]
                finished, _ = wait(begun, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                    done.add(begun.pop(future).name)

    @contextmanager
    def _cancelling(self) -> Iterator[None]:
        """Have the threads give up when this one does: the pool waits for them."""
        try:
            yield
        except BaseException:
            self._cancelled.set()
            raise

    def _do(self, part: Part) -> None:
        began = time.monotonic()
        self._report.begun(part.name)
        try:
            if isinstance(part, Step):
                _run_step(part)
            else:
                self._bring_up(part)
        except BaseException:
            self._report.gave_up(part.name)
            raise
        self._report.ready(part.name, time.monotonic() - began)

    def _bring_up(self, process: Process) -> None:
        log_begin = logtail.size(self._layout.log_of(process.name))
        self._check_wanted()
        try:
            self._wait_until_ready(process, self._start_process(process))
            kept.add(self._layout, process.name)
        except (StartRefused, _NotReady) as error:
            raise self._failure(process, str(error), log_begin) from error

    def _start_process(self, process: Process) -> int:
        """Start it unless it runs, and return its process id."""
        info = self._info(process)
        if info.state in {State.STARTING, State.RUNNING}:
            return info.pid
        kept.remove(self._layout, process.name)
        self.started.append(process.name)
        self._supervisor.start(info)
        return self._info(process).pid

    def _wait_until_ready(self, process: Process, pid: int) -> None:
        deadline = time.monotonic() + process.ready_within_s
        while not process.ready():
            info = self._info(process)
            if info.pid != pid or not info.state.is_alive:
                raise _NotReady("it ended")
            if time.monotonic() > deadline:
                raise _NotReady(
                    f"it was not ready after {process.ready_within_s:.0f} s"
                )
            if self._cancelled.wait(_POLL_S):
                raise Cancelled(process.name)
            self._check_wanted()

    def _check_wanted(self) -> None:
        if running.is_going_down(self._layout):
            raise TakenDown

    def _info(self, process: Process) -> ProcessInfo:
        return self._supervisor.processes()[process.name]

    def _failure(self, process: Process, why: str, log_begin: int) -> PartFailed:
        log = self._layout.log_of(process.name)
        lines = [f"{process.name} did not start: {why}."]
        lines += [process.hint] if process.hint else []
        shown = logtail.tail(log, lines=_LOG_LINES, since=log_begin)
        lines += [f"The end of {log}:", *(f"  | {line}" for line in shown)]
        lines += [] if shown else ["  (it wrote nothing)"]
        return PartFailed("\n".join(lines))


class _NotReady(Exception):
    """A process ended or took too long."""


def _run_step(step: Step) -> None:
    try:
        step.run()
    except StepFailed as error:
        text = f"{step.name} failed: {error}"
        raise PartFailed(f"{text}\n{step.hint}" if step.hint else text) from error
