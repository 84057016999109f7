"""What a check finds, a line for each thing."""

import msgspec

FORMAT = 1


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at.

    Attributes:
        name: What: a fixed word.
        is_well: Whether it is as it must be.
        words: What was seen.
        times_ms: How long things took; what is fast enough, who asks must know.
    """

    name: str
    is_well: bool
    words: str
    times_ms: dict[str, int] = {}


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """A check as a whole.

    Attributes:
        is_complete: Whether everything was looked at: what depends on something that
            fails is not.
    """

    format: int = FORMAT
    url: str
    room: str
    seconds: float
    is_complete: bool
    findings: tuple[Finding, ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return self.is_complete and all(one.is_well for one in self.findings)


def well(name: str, words: str, **times_ms: int) -> Finding:
    """Return that something is as it must be."""
    return Finding(name=name, is_well=True, words=words, times_ms=times_ms)


def wrong(name: str, words: str, **times_ms: int) -> Finding:
    """Return that something is not."""
    return Finding(name=name, is_well=False, words=words, times_ms=times_ms)
