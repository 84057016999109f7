"""A crowd: two hundred clients, or nine thousand, that react, watch, and are measured.

    report = Crowd(Plan(url="http://127.0.0.1:8080", room="final")).run(print)

It has two processes beside its own: a sender that keeps to its timetable, and the
seats, where all clients are registered and get their frames.
"""

import time
from collections.abc import Callable
from contextlib import closing
from functools import partial

from clients.crowd.child import ChildFailed
from clients.crowd.orders import errand, invitation
from clients.crowd.patience import PATIENCE, STOPPED, Patience
from clients.crowd.plan import Plan, checked
from clients.crowd.processes import SEATS, SENDER, Processes
from clients.crowd.progress import Phase, Progress
from clients.crowd.report import Records, Report, report
from clients.crowd.sending import REPEAT_FOR_S
from clients.crowd.total import TotalUnknown, total_within
from clients.crowd.wire import Leave, Mark, Measure, Stop
from clients.crowd.witness import Witness
from clients.ledger import LedgerReader

TOLD_EVERY_S = 1.0
JOIN_WITHIN_S = 30.0
"""After the last has come."""

ANSWERED_WITHIN_S = 5.0
"""After it was stopped."""

_WATCH_ON_S = 2.5
"""Then: what is counted twice would come with the next triggers; and the last frame
has come to everybody."""

_STARTS_WITHIN_S, _TELLS_WITHIN_S = 30.0, 60.0
_ASKED_EVERY_S = 1.0
_TURN_S = 0.1


class CrowdFailed(Exception):
    """There is nothing to report; the text says why in a sentence."""


class Crowd:
    """One run.

    Args:
        plan: Who comes, and what they do.
        patience: How long it waits for what is accepted and not counted yet.
        told_every_s: How often it is said how far it is.

    Raises:
        BadPlan: If nobody can do that.
    """

    def __init__(
        self,
        plan: Plan,
        patience: Patience = PATIENCE,
        *,
        told_every_s: float = TOLD_EVERY_S,
    ) -> None:
        self._patience, self._told_every_s = patience, told_every_s
        self._plan, self._timeline = checked(plan)
        self._lasting_s = plan.lasting_s(self._timeline)
        self._processes = Processes()
        self._stops = 0
        self._told_stop = False
        self._before = 0
        self._witness = Witness(LedgerReader(self._plan.url), self._plan.room)
        self._began_s: float | None = None
        self._lasted_s = 0.0
        self._phase = Phase.JOINING
        self._tell: Callable[[Progress], object] = lambda _: None
        self._told_s = 0.0

    @property
    def pids(self) -> dict[str, int]:
        """The processes that it has just now: `seats`, `sender`."""
        return self._processes.pids

    def stop(self) -> None:
        """End soon: nothing new is sent, answers are waited for a while.

        May be called from a signal's handler; a second time, nothing is waited for.
        """
        self._stops += 1

    def mark(self, at_s: float | None = None) -> None:
        """From now, or `at_s`: when do all get what is newer than all before?"""
        self._processes.tell(SEATS, Mark(time.time() if at_s is None else at_s))

    def measure(self) -> None:
        """Take what came so far as warm-up: it is in no latency.

        As it does by itself when all have joined.
        """
        self._processes.tell(SEATS, Measure())

    def run(self, tell: Callable[[Progress], object] = lambda _: None) -> Report:
        """Do it all, and judge it.

        Args:
            tell: Called each second, or as often as was wished for.

        Raises:
            Unreachable: If nobody answers where clients register.
            CrowdFailed: If it could not even begin.
        """
        self._tell = tell
        try:
            with self._processes, closing(self._witness):
                return report(self._records())
        except (ChildFailed, TotalUnknown) as failed:
            raise CrowdFailed(str(failed)) from failed

    def _records(self) -> Records:
        said = self._processes
        said.start(SEATS, invitation(self._plan))
        self._have_all_join()
        self.measure()
        if self._plan.reacts and not self._stops:
            self._send()
            self._settle()
        else:
            self._watch()
        self._phase = Phase.LEAVING
        said.tell(SEATS, Leave())
        self._wait(lambda: said.attended is not None, _TELLS_WITHIN_S)
        if said.attended is None:
            raise CrowdFailed("The seats do not say what they got.")
        return Records(
            plan=self._plan,
            seconds=self._lasted_s,
            attended=said.attended,
            before=self._before,
            sendings=said.sendings,
            witnessed=self._witness.seen,
            is_interrupted=self._stops > 0,
        )

    def _have_all_join(self) -> None:
        """Wait until all have joined or were refused, or there was time enough."""
        self._wait(
            lambda: self._stops > 0 or self._all_have_joined(),
            _STARTS_WITHIN_S + self._plan.coming_s + JOIN_WITHIN_S,
        )
        seated = self._processes.seated
        if not self._stops and not (seated and seated.ever_joined):
            why = seated.problem if seated else ""
            raise CrowdFailed(f"Nobody was assigned. {why}".strip())

    def _all_have_joined(self) -> bool:
        plan, seated = self._plan, self._processes.seated
        return seated is not None and (
            seated.ever_joined + seated.put_out >= plan.everybody
            and seated.clients_joined + seated.put_out >= plan.clients
        )

    def _watch(self) -> None:
        self._begin(Phase.WATCHING, time.time())
        self._wait(lambda: self._stops > 0, self._lasting_s)
        self._end()

    def _send(self) -> None:
        said = self._processes
        known = total_within(self._plan.url, self._plan.room, self._pause)
        self._before = max(known, said.total)
        self._witness.begin()
        said.start(SENDER, errand(self._plan, self._lasting_s))
        self._wait(lambda: said.started_s is not None, _STARTS_WITHIN_S)
        if said.started_s is None:
            raise CrowdFailed("The sender does not begin.")
        self._begin(Phase.SENDING, said.started_s)
        self._wait(
            lambda: said.sendings is not None or self._stops > 1,
            self._lasting_s + REPEAT_FOR_S + _STARTS_WITHIN_S,
        )
        self._end()
        if said.sendings is None:
            raise CrowdFailed("What became of the reactions was not waited for.")

    def _settle(self) -> None:
        """Wait until all that was accepted is counted."""
        self._phase = Phase.SETTLING
        said = self._processes
        self._wait_while_it_rises(self._before + said.accepted)
        self._wait(lambda: self._stops > 1, _WATCH_ON_S)
        self._witness.look_until_it_agrees(said.accepted, said.unknown, self._pause)

    def _wait_while_it_rises(self, wanted: int) -> None:
        """Wait until so many are counted, or no more of them have been for a while."""
        said, patience = self._processes, STOPPED if self._stops else self._patience
        until_s, counted = time.monotonic() + patience.most_s, -1
        while counted < said.total < wanted and self._stops <= 1:
            counted = said.total
            within_s = min(patience.quiet_s, until_s - time.monotonic())
            self._wait(partial(self._has_risen, counted), within_s)

    def _has_risen(self, known: int) -> bool:
        return self._stops > 1 or self._processes.total > known

    def _begin(self, phase: Phase, at_s: float) -> None:
        self._phase, self._began_s = phase, at_s

    def _end(self) -> None:
        self._lasted_s = self._at_s()

    def _at_s(self) -> float:
        """Return how long ago all were there, at most what it is to last."""
        since_s = time.time() - self._began_s if self._began_s else 0.0
        return min(max(0.0, since_s), self._lasting_s)

    def _pause(self) -> bool:
        """Wait a moment before something is asked again; tell whether to go on."""
        self._wait(lambda: self._stops > 1, _ASKED_EVERY_S)
        return self._stops <= 1

    def _wait(self, is_done: Callable[[], bool], within_s: float) -> None:
        """Take what the processes say until this is so, or there was time enough."""
        until_s = time.monotonic() + within_s
        while not is_done() and (now_s := time.monotonic()) < until_s:
            if self._stops and not self._told_stop and SENDER in self.pids:
                self._told_stop = True
                self._processes.tell(SENDER, Stop(ANSWERED_WITHIN_S))
            self._processes.turn(min(_TURN_S, until_s - now_s))
            if now_s - self._told_s >= self._told_every_s:
                self._told_s = now_s
                self._tell(self._progress())

    def _progress(self) -> Progress:
        at_s = self._at_s()
        return Progress.of(
            self._phase,
            plan=self._plan,
            at_s=at_s,
            of_s=self._lasting_s,
            seated=self._processes.seated,
            sending=self._processes.sending,
            before=self._before,
            moment=self._moment(at_s),
        )

    def _moment(self, at_s: float) -> str:
        if self._timeline is None or self._began_s is None:
            return ""
        return self._timeline.moment(at_s * self._plan.speed)
