"""Which trials are made, in which order. Pure; the same seed gives the same plan."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from tests.faults.fault import Fault

TRIALS = 5
"""Of each fault, if nothing else is said."""

DEFAULT = "default"
"""The scene that is started first."""


class NothingChosen(ValueError):
    """No fault is called so."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One trial to come."""

    fault: Fault
    seed: str
    """Gives the same trial again, as far as chance decides."""


@dataclass(frozen=True, slots=True)
class Group:
    """All trials of a part in one scene."""

    setting: str
    part: str
    trials: tuple[Planned, ...]


def chosen(
    faults: Sequence[Fault], patterns: Sequence[str], *, quick: bool
) -> list[Fault]:
    """Return the faults that are wanted.

    Args:
        faults: All there are.
        patterns: Of `part/name`, as file names are matched; one has to fit.
        quick: Whether only those that the quick form has, once each.

    Raises:
        NothingChosen: If there is none.
    """
    found = [
        one for one in faults if any(fnmatchcase(one.title, each) for each in patterns)
    ]
    if quick:
        found = [
            replace(one, trials=1)
            for one in found
            if one.is_main and one.setting == DEFAULT
        ]
    if not found:
        raise NothingChosen(
            f"no fault is called {' or '.join(patterns)}; --list shows them"
        )
    return found


def scenes(faults: Sequence[Fault]) -> list[str]:
    """Return the scenes that faults need, the default one first."""
    needed = dict.fromkeys(fault.setting for fault in faults)
    return sorted(needed, key=lambda name: name != DEFAULT)


def groups(
    faults: Sequence[Fault], setting: str, trials: int, seed: int
) -> Iterator[Group]:
    """Yield the groups of a scene.

    In a group every fault has its turn before any has its next, so that what one
    leaves behind meets each of the others.
    """
    here = [fault for fault in faults if fault.setting == setting]
    for part in dict.fromkeys(fault.part for fault in here):
        ours = [fault for fault in here if fault.part == part]
        yield Group(setting, part, tuple(_in_turn(ours, trials, seed)))


def _in_turn(faults: Sequence[Fault], trials: int, seed: int) -> Iterator[Planned]:
    most = max(fault.trials or trials for fault in faults)
    for number in range(most):
        turn = [one for one in faults if number < (one.trials or trials)]
        random.Random(f"{seed}/{faults[0].part}/{number}").shuffle(turn)
        for fault in turn:
            yield Planned(fault, f"{seed}/{fault.title}/{number + 1}")
