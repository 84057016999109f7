"""The trials of one part, one after the other, and what is looked at after them."""

import time
from collections.abc import Callable

import msgspec

from tests.faults import books, health, trial
from tests.faults.plan import Group as PlannedGroup
from tests.faults.report import line
from tests.faults.results import Group, Trial
from tests.faults.running import say
from tests.faults.settling import Theatre

Use = dict[str, health.Use]


class Stuck(Exception):
    """Nothing is shown any more, whatever is done: no trial makes sense."""


class Trials:
    """Makes the trials of a group.

    Args:
        theatre: Where.
        planned: What is tried.
        keep: Is given the group as far as it has come, again and again.
    """

    def __init__(
        self, theatre: Theatre, planned: PlannedGroup, keep: Callable[[Group], None]
    ) -> None:
        self._theatre, self._planned, self._keep = theatre, planned, keep
        self._group = Group(setting=planned.setting, part=planned.part)
        self._uses: list[Use] = []

    def run(self, until_s: float, known: int) -> Group:
        """Make the trials, and look at the whole when they are over.

        Args:
            until_s: Monotonic; no trial is begun later.
            known: What the auditor is off by already.

        Raises:
            SenderGone: If a sender has ended by itself.
            Stuck: If nothing helps any more.
        """
        for one in self._planned.trials:
            if time.monotonic() > until_s:
                self._note(left_out=(*self._group.left_out, one.seed))
                continue
            made = trial.run(self._theatre, one.fault, one.seed)
            say(line(made))
            self._note(trials=(*self._group.trials, made))
            self._heal(made)
            if not made.impossible:
                self._uses.append(health.use_of(self._theatre.scene))
        if self._uses:
            self._conclude(known)
        else:
            self._note(difference=known)
        return self._group

    def _conclude(self, known: int) -> None:
        difference, broken = books.difference(self._theatre.scene, known)
        broken += books.ills(self._theatre.scene)
        broken += health.grown(self._uses)
        self._note(
            difference=difference,
            broken=tuple(broken),
            use_first=self._uses[0],
            use_last=self._uses[-1],
        )
        say(f"{self._group.part}: the auditor's difference is {difference}")
        for words in broken:
            say(f"      BROKEN {words}")

    def _heal(self, made: Trial) -> None:
        """Start again what a trial has left dead, so that the next has its chance.

        Raises:
            Stuck: If that did not help the last time.
        """
        was_ill = self._theatre.is_ill
        self._theatre.is_ill = made.recovery_s is None and not made.impossible
        if self._theatre.is_ill and was_ill:
            raise Stuck(f"nothing is shown any more, not even before {made.title}")
        if self._theatre.is_ill:
            say(f"      `up` says: {self._theatre.scene.stack.up().stdout.strip()}")

    def _note(self, **found: object) -> None:
        self._group = msgspec.structs.replace(self._group, **found)
        self._keep(self._group)
