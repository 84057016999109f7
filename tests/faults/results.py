"""What a run of trials found: frozen, and the JSON that is committed.

Moments are UTC, ISO 8601; times end in `_s`.
"""

import statistics
from collections.abc import Iterator, Sequence

import msgspec

from tests.faults.fault import Hit
from tests.faults.health import Use

FORMAT = 1
"""Of the JSON; another number is another form."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One fault, once.

    Attributes:
        part: Of the fault, as `name`.
        name: The fault.
        seed: What everything random in it followed.
        at: When it was struck.
        reactions: Accepted while it lasted.
        unknown: Reactions that nobody can tell of.
        lost: Accepted and in no total.
        twice: In a total, and never sent or counted before.
        recovery_s: From when the part may recover until everybody is shown what was
            sent after that; None if it never did.
        silence_s: The longest time without a 202.
        seconds: How long it all took.
        hit: Whether it met the moment it was aimed at.
        note: What the fault said it did.
        impossible: Why the machine does not allow it; it was not tried then.
        broken: Each promise that was not kept.
    """

    part: str
    name: str
    seed: str
    at: str
    reactions: int = 0
    unknown: int = 0
    lost: int = 0
    twice: int = 0
    recovery_s: float | None = None
    silence_s: float = 0
    seconds: float = 0
    hit: Hit = Hit.NOT_AIMED
    note: str = ""
    impossible: str = ""
    broken: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The fault's title."""
        return f"{self.part}/{self.name}"


class Recounted(msgspec.Struct, frozen=True):
    """What `emostream recount` said of a room."""

    room: str
    recounted: int
    difference: int | None
    agrees: bool
    words: str = ""
    """What was said where that is no number."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """All trials of a part in one scene.

    Attributes:
        setting: The scene.
        part: The part.
        trials: In the order in which they were made.
        difference: The auditor's, of all rooms together, at the end.
        left_out: Trials that there was no time for, by their seeds.
        use_first: What each part used after the first trial.
        use_last: The same after the last.
        broken: What was wrong at the end, beside what trials found.
    """

    setting: str
    part: str
    trials: tuple[Trial, ...] = ()
    difference: int | None = None
    broken: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    use_first: dict[str, Use] = {}
    use_last: dict[str, Use] = {}


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run.

    Attributes:
        seed: What all seeds are made of.
        taken_at: When it began.
        seconds: How long it took.
        groups: What was tried.
        recounts: Of each scene's rooms, at its end.
        broken: What was wrong with a scene as a whole.
    """

    format: int = FORMAT
    seed: int
    taken_at: str
    seconds: float = 0
    groups: tuple[Group, ...] = ()
    recounts: tuple[Recounted, ...] = ()
    broken: tuple[str, ...] = ()

    @property
    def left_out(self) -> tuple[str, ...]:
        """Trials that there was no time for."""
        return tuple(seed for group in self.groups for seed in group.left_out)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """All of them."""
        return tuple(trial for group in self.groups for trial in group.trials)

    def failures(self) -> Iterator[str]:
        """Yield each promise that was not kept, and where."""
        for trial in self.trials:
            for words in trial.broken:
                yield f"{trial.title}, seed {trial.seed}, {trial.at}: {words}"
        for group in self.groups:
            for words in group.broken:
                yield f"after {group.part} ({group.setting}): {words}"
        for one in self.recounts:
            if not one.agrees:
                yield f"recount of {one.room}: difference {one.difference} {one.words}"
        yield from self.broken


def merged(results: Sequence[Result]) -> Result:
    """Return what several runs with one seed, side by side, found together."""
    return Result(
        seed=results[0].seed,
        taken_at=min(one.taken_at for one in results),
        seconds=max(one.seconds for one in results),
        groups=tuple(group for one in results for group in one.groups),
        recounts=tuple(each for one in results for each in one.recounts),
        broken=tuple(words for one in results for words in one.broken),
    )


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """All trials of one fault."""

    part: str
    name: str
    trials: int
    reactions: int
    lost: int
    twice: int
    recovery_p50_s: float | None
    recovery_max_s: float | None
    aimed: int
    hits: int
    broken: int
    impossible: str


def rows(result: Result) -> list[Row]:
    """Sum up the trials of each fault, in the order of their first."""
    by_title: dict[str, list[Trial]] = {}
    for trial in result.trials:
        by_title.setdefault(trial.title, []).append(trial)
    return [_row(trials) for trials in by_title.values()]


def _row(trials: list[Trial]) -> Row:
    made = [one for one in trials if not one.impossible]
    recovery_s = [one.recovery_s for one in made if one.recovery_s is not None]
    return Row(
        part=trials[0].part,
        name=trials[0].name,
        trials=len(made),
        reactions=sum(one.reactions for one in made),
        lost=sum(one.lost for one in made),
        twice=sum(one.twice for one in made),
        recovery_p50_s=statistics.median(recovery_s) if recovery_s else None,
        recovery_max_s=max(recovery_s, default=None),
        aimed=sum(one.hit is not Hit.NOT_AIMED for one in made),
        hits=sum(one.hit is Hit.HIT for one in made),
        broken=sum(bool(one.broken) for one in made),
        impossible=next((one.impossible for one in trials if one.impossible), ""),
    )
