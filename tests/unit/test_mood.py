import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import emoji
import pytest

import stream.mood
from stream.mood import (
    MOODS,
    SENTIMENTS,
    mood_of,
    mood_shares,
    sentiment_of,
    sentiment_shares,
)

SKIN_TONES = dict.fromkeys(range(0x1F3FB, 0x1F400))
FOLDER = Path(stream.mood.__file__).parent
CHOSEN = tomllib.loads((FOLDER / "mood.toml").read_text("utf-8"))


def listed() -> Iterator[str]:
    for lines in CHOSEN["listed"].values():
        for line in lines:
            yield from line.split()


def groups() -> Iterator[tuple[str, list[str]]]:
    for line in (FOLDER / "emoji_groups.tsv").read_text("utf-8").splitlines():
        if not line.startswith("# "):
            _, subgroup, members = line.split("\t")
            yield subgroup, members.split()


@pytest.mark.parametrize(
    ("sent", "mood"),
    [
        *(
            (one, "joy")
            for one in ("👏", "🔥", "🎉", "🏆", "💪", "💯", "😂", "👍", "⚽")
        ),
        *((one, "love") for one in ("❤️", "😍", "🥰", "💙", "❤️‍🔥", "🫶", "👩‍❤️‍👨")),
        *((one, "surprise") for one in ("😮", "🤯", "😱", "⁉️", "🙀")),
        *((one, "sadness") for one in ("😢", "💔", "😭", "😿", "🥺")),
        *((one, "anger") for one in ("😡", "👎", "🤬", "💢", "💩")),
        *((one, "other") for one in ("🤔", "🍕", "🇫🇷", "1️⃣", "🐢", "😐")),
    ],
)
def test_what_a_live_event_sends_has_the_expected_class(sent: str, mood: str) -> None:
    assert mood_of(sent) == mood


def test_every_emoji_of_unicode_has_a_class() -> None:
    classes = Counter(mood_of(one) for one in emoji.EMOJI_DATA)

    assert set(classes) == set(MOODS)


@pytest.mark.parametrize(
    ("plain", "changed"),
    [("👍", "👍🏿"), ("🤦", "🤦🏽‍♀️"), ("🙅", "🙅‍♂️"), ("🖕", "🖕🏻")],
)
def test_skin_tone_and_gender_do_not_change_the_class(plain: str, changed: str) -> None:
    assert mood_of(changed) == mood_of(plain) != "other"


def test_a_listed_emoji_goes_before_its_subgroup_and_before_its_first_part() -> None:
    assert mood_of("😱") == "surprise"  # among the concerned faces, which are sad
    assert mood_of("🙂") == "joy"
    assert mood_of("🙂‍↔️") == "anger"  # shakes its head


def test_text_that_is_no_emoji_is_other() -> None:
    assert mood_of("") == mood_of("x") == mood_of("\N{ZERO WIDTH JOINER}") == "other"


def test_no_emoji_is_listed_twice() -> None:
    assert [one for one, times in Counter(listed()).items() if times > 1] == []


def test_listed_emoji_are_fully_qualified() -> None:
    fully_qualified = {
        one.translate(SKIN_TONES)
        for one, about in emoji.EMOJI_DATA.items()
        if about["status"] == emoji.STATUS["fully_qualified"]
    }
    tabled = {one for _, members in groups() for one in members}

    assert set(listed()) - fully_qualified == set()
    assert tabled - fully_qualified == set()


def test_the_table_names_only_classes_and_subgroups_that_exist() -> None:
    subgroups = {subgroup for subgroup, _ in groups()}

    assert set(CHOSEN["listed"]) <= set(MOODS)
    assert set(CHOSEN["subgroups"]) <= set(MOODS)
    assert {name for names in CHOSEN["subgroups"].values() for name in names} <= (
        subgroups
    )


def test_every_mood_has_a_sentiment() -> None:
    assert {sentiment_of(mood) for mood in MOODS} == set(SENTIMENTS)


def test_shares_are_of_all_that_is_counted() -> None:
    counts = {"❤️": 3785, "😂": 12}

    assert mood_shares(counts) == {
        "joy": 0.003,
        "love": 0.997,
        "surprise": 0,
        "sadness": 0,
        "anger": 0,
        "other": 0,
    }
    assert sentiment_shares(counts) == {"positive": 1, "neutral": 0, "negative": 0}


def test_emoji_of_one_class_are_summed() -> None:
    assert mood_shares({"😢": 1, "😭": 1, "🔥": 2})["sadness"] == 0.5
    assert sentiment_shares({"😢": 1, "😡": 1, "🍕": 2}) == {
        "positive": 0,
        "neutral": 0.5,
        "negative": 0.5,
    }


def test_nothing_counted_is_nothing_felt() -> None:
    assert mood_shares({}) == dict.fromkeys(MOODS, 0)
    assert sentiment_shares({}) == dict.fromkeys(SENTIMENTS, 0)
