"""How a crowd feels: the class of an emoji, and the shares of the classes.

The judgement lies in `mood.toml`, which is written by hand; `emoji_groups.tsv`
gives Unicode's subgroups to what is not listed there. Nothing here fails on an
unknown emoji: newer Unicode must not stop a stream.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib import resources
from typing import Final

MOODS: Final = ("joy", "love", "surprise", "sadness", "anger", "other")
SENTIMENTS: Final = ("positive", "neutral", "negative")

_SENTIMENT_OF: Final = {
    "joy": "positive",
    "love": "positive",
    "surprise": "neutral",
    "other": "neutral",
    "sadness": "negative",
    "anger": "negative",
}
_DECIMALS = 3
_KNOWN_MAX = 8192  # more than Unicode has emoji in all their spellings

_JOINER = "\N{ZERO WIDTH JOINER}"
_SKIN_TONES = (chr(tone) for tone in range(0x1F3FB, 0x1F400))
_IGNORED = str.maketrans(dict.fromkeys(("\N{VARIATION SELECTOR-16}", *_SKIN_TONES)))


@lru_cache(maxsize=_KNOWN_MAX)
def mood_of(emoji: str) -> str:
    """Return the class of an emoji, one of `MOODS`.

    Skin tones never matter. A joined emoji that is in no table goes by the
    longest beginning that is: a woman who facepalms as anyone who does.
    """
    parts = emoji.translate(_IGNORED).split(_JOINER)
    for length in range(len(parts), 0, -1):
        mood = _TABLE.get(_JOINER.join(parts[:length]))
        if mood:
            return mood
    return "other"


def sentiment_of(mood: str) -> str:
    """Return which of `SENTIMENTS` a mood is.

    Raises:
        KeyError: If it is none of `MOODS`.
    """
    return _SENTIMENT_OF[mood]


def mood_shares(counts: Mapping[str, int]) -> dict[str, float]:
    """Return each mood's share of all that is counted; zeros for nothing."""
    moods = ((mood_of(emoji), count) for emoji, count in counts.items())
    return _shares(MOODS, moods)


def sentiment_shares(counts: Mapping[str, int]) -> dict[str, float]:
    """Return each sentiment's share of all that is counted; zeros for nothing."""
    sentiments = (
        (sentiment_of(mood_of(emoji)), count) for emoji, count in counts.items()
    )
    return _shares(SENTIMENTS, sentiments)


def _shares(kinds: Iterable[str], parts: Iterable[tuple[str, int]]) -> dict[str, float]:
    sums: Counter[str] = Counter()
    for kind, count in parts:
        sums[kind] += count
    total = sums.total() or 1
    return {kind: round(sums[kind] / total, _DECIMALS) for kind in kinds}


def _table() -> dict[str, str]:
    """Join both files: emoji, without variation selectors → class."""
    folder = resources.files("stream")
    chosen = tomllib.loads((folder / "mood.toml").read_text("utf-8"))
    subgroups = _inverted(chosen["subgroups"])
    table: dict[str, str] = {}
    for line in (folder / "emoji_groups.tsv").read_text("utf-8").splitlines():
        if line.startswith("# "):
            continue
        _, subgroup, emoji = line.split("\t")
        table |= dict.fromkeys(_bare(emoji), subgroups.get(subgroup, "other"))
    for mood, lines in chosen["listed"].items():
        table |= dict.fromkeys(_bare(" ".join(lines)), mood)
    return table


def _inverted(names_by_mood: Mapping[str, Iterable[str]]) -> dict[str, str]:
    return {name: mood for mood, names in names_by_mood.items() for name in names}


def _bare(text: str) -> Iterator[str]:
    return (emoji.translate(_IGNORED) for emoji in text.split())


_TABLE = _table()
