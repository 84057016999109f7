"""The book of those who react: what was accepted, and what nobody can tell. Pure."""

import itertools
from collections import Counter
from dataclasses import dataclass, field

CERTAINLY_NOT = ("not stored", "refused")
"""How the fates begin that say for certain that nothing of a batch is stored."""


@dataclass(slots=True)
class Batch:
    """What went out under one key."""

    room: str
    emoji: Counter[str]
    sent_s: float
    """When it first went out, monotonic."""

    fate: str = ""
    """Empty while it is on its way."""

    settled_s: float = 0.0

    @property
    def may_be_stored(self) -> bool:
        """Whether it can ever come into a total."""
        return not self.fate.startswith(CERTAINLY_NOT)


@dataclass(frozen=True, slots=True)
class Book:
    """What became of all that was sent since the last cut, by room and emoji."""

    accepted: dict[str, Counter[str]]
    """Answered 202."""

    unknown: dict[str, Counter[str]]
    """Never answered 202, nor refused for certain."""

    wrong: tuple[str, ...] = ()
    """Answers that no good batch should get."""

    @property
    def reactions(self) -> int:
        """How many were accepted."""
        return sum(room.total() for room in self.accepted.values())

    @property
    def doubtful(self) -> int:
        """How many nobody can tell of."""
        return sum(room.total() for room in self.unknown.values())


@dataclass(slots=True)
class Ledger:
    """All batches since the last cut, as senders told of them."""

    batches: dict[str, Batch] = field(default_factory=dict)

    def sent(self, key: str, room: str, emoji: Counter[str], at_s: float) -> None:
        """Enter a batch that goes out now."""
        self.batches[key] = Batch(room, emoji, at_s)

    def settled(self, key: str, fate: str, at_s: float) -> None:
        """Enter what became of a batch."""
        batch = self.batches[key]
        batch.fate, batch.settled_s = fate, at_s

    def cut(self) -> None:
        """Begin anew; what is on its way belongs to what follows."""
        self.batches = {key: one for key, one in self.batches.items() if not one.fate}

    def on_their_way(self) -> int:
        """Return how many batches nobody knows the fate of yet."""
        return sum(not one.fate for one in self.batches.values())

    def may_be_stored(self, until_s: float) -> Counter[str]:
        """Return the reactions first sent until then that a total may have, by room."""
        sizes: Counter[str] = Counter()
        for one in self.batches.values():
            if one.sent_s <= until_s and one.may_be_stored:
                sizes[one.room] += one.emoji.total()
        return sizes

    def accepted_after(self, at_s: float) -> int:
        """Return the reactions whose 202 came after that."""
        return sum(
            one.emoji.total()
            for one in self.batches.values()
            if one.fate == "accepted" and one.settled_s > at_s
        )

    def longest_silence_s(self, since_s: float, until_s: float) -> float:
        """Return the longest time in which there was no 202."""
        moments = [
            one.settled_s
            for one in self.batches.values()
            if one.fate == "accepted" and since_s <= one.settled_s <= until_s
        ]
        edges = [since_s, *sorted(moments), until_s]
        return max(b - a for a, b in itertools.pairwise(edges))

    def book(self, rooms: tuple[str, ...]) -> Book:
        """Add it all up."""
        accepted = {room: Counter[str]() for room in rooms}
        unknown = {room: Counter[str]() for room in rooms}
        wrong = []
        for one in self.batches.values():
            if one.fate == "accepted":
                accepted[one.room] += one.emoji
            elif one.fate.startswith("wrong"):
                wrong.append(one.fate)
                unknown[one.room] += one.emoji
            elif one.may_be_stored:
                unknown[one.room] += one.emoji
            elif one.fate.startswith("refused"):
                wrong.append(one.fate)
        return Book(accepted, unknown, tuple(sorted(set(wrong))))
