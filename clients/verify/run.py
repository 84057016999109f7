"""The check itself: what is done in which order, and how long each step may take.

Whatever answers or does not, all of it takes less than a minute.
"""

import time
from collections.abc import Iterator, Sequence

from clients.place import Place
from clients.verify.audience import Audience
from clients.verify.finding import Finding, well, wrong
from clients.verify.judge import ledger_problems, post_problem, totals_problem
from clients.verify.patience import PATIENCE, Patience, asked
from clients.verify.plan import Batch, Plan, totals_of
from clients.verify.web import NotAnswered, Web
from stream.auditor.ledger import RoomLedger

BEGUN_WITHIN_S = 40.0
"""No step is begun later; what was begun takes twenty seconds at most."""


class _Stop(Exception):
    """Nothing else can be looked at, because of what was found."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.words)
        self.finding = finding


class Check:
    """One check of one system.

    Args:
        web: Its web server.
        plan: What is sent.
        clusters_min: How many clusters there must be.
        patience: How long it waits.
    """

    def __init__(
        self,
        web: Web,
        plan: Plan,
        clusters_min: int = 1,
        patience: Patience = PATIENCE,
    ) -> None:
        self.is_complete = False
        """Whether everything was looked at."""
        self._web, self._plan, self._clusters_min = web, plan, clusters_min
        self._patience = patience
        self._audience = Audience(plan.room)
        self._posted_s = 0.0

    def findings(self) -> Iterator[Finding]:
        """Do it; yield what is found as soon as it is."""
        until_s = time.monotonic() + BEGUN_WITHIN_S
        steps = (
            *(self._server, self._clusters, self._pulse, self._joined),
            *(self._accepted, self._refused, self._counted, self._repeated),
            *(self._total, self._relayed, self._read, self._ledger),
        )
        try:
            for step in steps:
                if time.monotonic() > until_s:
                    yield wrong("time", f"{BEGUN_WITHIN_S:.0f} s were not enough")
                    return
                yield step()
        except _Stop as stop:
            yield stop.finding
        else:
            self.is_complete = True
        finally:
            self._audience.close()

    def _server(self) -> Finding:
        began_s = time.monotonic()
        if problem := asked(self._is_ready, self._patience.ready_s):
            raise _Stop(wrong("server", problem))
        return well("server", "is ready for reactions", answered=_ms_since(began_s))

    def _clusters(self) -> Finding:
        """Find the clusters, and begin to watch the room at each."""
        places: list[Place] = []
        problem = asked(lambda: self._register(places), self._patience.ready_s)
        if not places:
            raise _Stop(wrong("clusters", problem))
        self._audience.begin(places)
        names = self._audience.names
        words = f"{len(names)}: {', '.join(names)}"
        if problem:
            return wrong("clusters", f"{words}; {problem}")
        if len(names) < self._clusters_min:
            return wrong("clusters", f"{words}; {self._clusters_min} are to be there")
        return well("clusters", words)

    def _pulse(self) -> Finding:
        silent = self._audience.without_pulse(self._patience.joined_s)
        if silent:
            return wrong("pulse", f"the stream is not heard at {_listed(silent)}")
        return well("pulse", f"the stream is heard {self._audience.everywhere}")

    def _joined(self) -> Finding:
        unserved = self._audience.without_worker(self._patience.joined_s)
        if unserved:
            return wrong("join", f"no worker serves this client at {_listed(unserved)}")
        return well(
            "join",
            f"a worker serves this client {self._audience.everywhere}",
            **self._audience.joined_ms(),
        )

    def _accepted(self) -> Finding:
        batches = (*self._plan.first, self._plan.twice)
        self._posted_s = time.monotonic()
        took_ms = self._post("accepted", batches)
        once = sum(batch.size for batch in self._plan.first)
        bad = sum(batch.bad for batch in batches)
        words = (
            f"{once} reactions in {len(self._plan.first)} batches, {bad} bad ones left"
            f" out; {self._plan.twice.emoji} sent again at once"
        )
        return well("accepted", words, answered=took_ms)

    def _refused(self) -> Finding:
        try:
            said = [(self._web.post_bad(bad), bad) for bad in self._plan.refused]
        except NotAnswered as error:
            return wrong("refused", str(error))
        for answer, bad in said:
            if answer != bad.answer:
                return wrong("refused", f"{answer} instead of {bad.answer}")
        return well("refused", ", ".join(answer for answer, _ in said))

    def _counted(self) -> Finding:
        totals = totals_of(self._plan.first)
        problems = self._audience.watched_problems(totals, self._patience.first_s)
        if problems:
            raise _Stop(wrong("counted", _listed(problems)))
        words = f"{sum(totals.values())} {self._audience.everywhere}"
        times_ms = self._audience.reached_ms(sum(totals.values()), self._posted_s)
        return well("counted", words, **times_ms)

    def _repeated(self) -> Finding:
        """Send all that is counted again, and after it something new."""
        took_ms = self._post("repeated", self._plan.first)
        self._posted_s = time.monotonic()
        self._post("repeated", [self._plan.last])
        words = f"{len(self._plan.first)} batches sent again under their keys, one new"
        return well("repeated", words, answered=took_ms)

    def _total(self) -> Finding:
        totals = totals_of(self._plan.batches)
        problems = self._audience.watched_problems(totals, self._patience.last_s)
        if problems:
            return wrong("total", _listed(problems))
        return well(
            "total",
            f"{self._plan.total} {self._audience.everywhere}: each reaction once",
            **self._audience.reached_ms(self._plan.total, self._posted_s),
        )

    def _relayed(self) -> Finding:
        """Look at what registered clients get."""
        totals = totals_of(self._plan.batches)
        problems = self._audience.relayed_problems(totals, self._patience.read_s)
        if problems:
            return wrong("relayed", _listed(problems))
        return well("relayed", f"{self._plan.total} to this client from each worker")

    def _read(self) -> Finding:
        if problem := asked(self._frame_problem, self._patience.read_s):
            return wrong("read", problem)
        return well("read", f"{self._plan.total} by HTTP")

    def _ledger(self) -> Finding:
        seen: list[RoomLedger] = []

        def look() -> str:
            seen.append(self._web.ledger())
            return "; ".join(ledger_problems(self._plan, seen[-1]))

        if problem := asked(look, self._patience.balanced_s):
            return wrong("ledger", problem)
        line = seen[-1].sum
        words = (
            f"stored {line.stored}, repeated {line.repeated}, counted {line.counted}:"
            f" difference {line.difference}"
        )
        return well("ledger", words)

    def _is_ready(self) -> str:
        self._web.ready()
        return ""

    def _register(self, places: list[Place]) -> str:
        """Get as many places as the first of them names clusters."""
        while not places or len(places) < len(places[0].brokers):
            places.append(self._web.place())
        return ""

    def _post(self, name: str, batches: Sequence[Batch]) -> int:
        """Send batches, one after the other; return what the slowest took."""
        slowest_s, until_s = 0.0, time.monotonic() + self._patience.posted_s
        for batch in batches:
            posted = self._web.post(batch)
            if problem := post_problem(posted):
                raise _Stop(wrong(name, problem))
            slowest_s = max(slowest_s, posted.took_s)
            if time.monotonic() > until_s:
                raise _Stop(wrong(name, f"an answer took {slowest_s:.1f} s"))
        return round(1000 * slowest_s)

    def _frame_problem(self) -> str:
        return totals_problem(totals_of(self._plan.batches), self._web.frame())


def _listed(words: Sequence[str]) -> str:
    return "; ".join(words)


def _ms_since(began_s: float) -> int:
    return round(1000 * (time.monotonic() - began_s))
