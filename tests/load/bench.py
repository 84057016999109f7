"""Runs the cases and the references, and keeps what was measured, come what may.

Repeats are interleaved: every case once, then every case again. So a machine that
slows down on the way widens the spread of all, and does not shift one. Of two sides
that one run compares, now one goes first and now the other.
"""

import datetime as dt
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import psutil

from compose.settings import Settings
from tests.load import machine, runs, summary
from tests.load.cases import OWN_SYSTEM, WARM_UP, Case
from tests.load.measured import (
    Absent,
    CaseResult,
    CaseRun,
    Failed,
    ReferenceResult,
    ReferenceRun,
    Result,
)
from tests.load.order import REFERENCE_START_S, STACK_S, Order, is_warmed_up
from tests.load.progress import Progress
from tests.load.references.catalogue import BenchReference, references
from tests.load.system import System, own_stack, system_of
from tests.load.targets import verdicts
from tests.system.stack import Stack


class Bench:
    """One run of the bench; `result` has what there is so far, at any time."""

    def __init__(self, order: Order, say: Callable[[str], None]) -> None:
        self._order = order
        self._machine = machine.look(Settings.load().jars_dir)
        if self._machine.is_busy:
            say(f"This machine is busy: {self._machine.load_before} cores.")
        self._progress = Progress(order.estimate_s(), say)
        self._taken_at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        self._runs: defaultdict[str, list[CaseRun]] = defaultdict(list)
        self._references: list[ReferenceResult] = []
        self._is_done = False

    def run(self) -> None:
        """Measure everything.

        Raises:
            NotUp: If a system cannot be started.
        """
        own = [case for case in self._order.cases if case.kind in OWN_SYSTEM]
        for turn, case in self._turns(own):
            self._repeat(case, turn, None)
        if self._order.running:
            others = [case for case in self._order.cases if case.kind not in OWN_SYSTEM]
            for turn, case in self._turns(others):
                self._repeat(case, turn, self._order.running)
        else:
            self._on_own_systems()
        self._is_done = True

    def result(self) -> Result:
        """Return what was measured so far, and judge it."""
        found = Result(
            taken_at=self._taken_at,
            machine=self._machine,
            cases=tuple(
                case_result(case, self._runs[case.name])
                for case in self._order.cases
                if self._runs[case.name]
            ),
            references=tuple(self._references),
            complete=self._is_done and self._order.is_all,
        )
        return replace(found, verdicts=tuple(verdicts(found)))

    def _on_own_systems(self) -> None:
        with tempfile.TemporaryDirectory(prefix="emostream-references-") as name:
            alone: Sequence[BenchReference] = ()
            for settings, cases in self._order.by_settings:
                with ExitStack() as using:
                    with self._progress.step("starting a system", STACK_S):
                        stack, _ = using.enter_context(own_stack(settings))
                    self._cases_on(stack, cases)
                    if not settings and self._order.reference_s:
                        alone = self._references_on(stack, Path(name))
            for reference in alone:
                self._measure_reference(reference)

    def _cases_on(self, stack: Stack, cases: Sequence[Case]) -> None:
        system = system_of(stack)
        if is_warmed_up(cases):
            with self._progress.step("warming it up", WARM_UP.estimate_s()):
                runs.repeat(WARM_UP, system, turn=0)
        for turn, case in self._turns(cases):
            if not all(psutil.pid_exists(pid) for pid in system.pids.values()):
                # One of them was started again.
                system = replace(system_of(stack), fresh_mib=system.fresh_mib)
            self._repeat(case, turn, system)

    def _references_on(self, stack: Stack, folder: Path) -> Sequence[BenchReference]:
        """Measure what is measured beside the system; return the others."""
        every = references(stack, folder)
        for reference in every:
            if reference.beside_system:
                self._measure_reference(reference)
        return [reference for reference in every if not reference.beside_system]

    def _turns(self, cases: Sequence[Case]) -> Iterator[tuple[int, Case]]:
        for turn in range(self._order.repeats):
            for case in cases:
                if turn < self._order.times(case):
                    yield turn, case

    def _repeat(self, case: Case, turn: int, system: System | None) -> None:
        what = f"{case.name}, {turn + 1} of {self._order.times(case)}"
        with self._progress.step(what, case.estimate_s()):
            run = runs.repeat(case, system, turn)
        self._runs[case.name].append(run)
        self._progress.found(summary.of_run(run))

    def _measure_reference(self, reference: BenchReference) -> None:
        measured: list[ReferenceRun] = []
        seconds, repeats = self._order.reference_s, self._order.repeats
        skipped = ""
        with self._progress.step(reference.name, seconds * repeats + REFERENCE_START_S):
            try:
                with reference:
                    for _ in range(repeats):
                        measured.append(reference.measure(seconds))
                        self._progress.found(summary.of_reference(measured[-1]))
            except Absent as error:
                skipped = f"not here: {error}"
            except (Failed, OSError) as error:  # a server that did not start, too
                skipped = f"failed: {error}"
        if skipped:
            self._progress.found(skipped)
        self._references.append(
            ReferenceResult(
                name=reference.name,
                title=reference.title,
                unit=reference.unit,
                repeats=tuple(measured),
                skipped=skipped,
            )
        )


def case_result(case: Case, repeats: Sequence[CaseRun]) -> CaseResult:
    """Put a case and what its repeats found together."""
    return CaseResult(
        name=case.name,
        title=case.title,
        kind=case.kind,
        offered_per_s=case.reactions_per_s,
        per_post=case.per_post,
        settings=case.settings,
        why=case.why,
        warmup_s=case.warmup_s,
        repeats=tuple(repeats),
        members=case.members,
    )
