import emoji
import pytest

from ingest.emoji_table import canonical

FULLY_QUALIFIED = emoji.STATUS["fully_qualified"]
COMPONENT = emoji.STATUS["component"]
BY_NAME = {
    names["en"]: form
    for form, names in emoji.EMOJI_DATA.items()
    if names["status"] == FULLY_QUALIFIED
}
SHORTCODES = [
    code
    for form in BY_NAME.values()
    for code in (
        emoji.EMOJI_DATA[form]["en"],
        *emoji.EMOJI_DATA[form].get("alias", []),
    )
]


def test_every_spelling_of_every_emoji_is_its_fully_qualified_form() -> None:
    wrong = {
        spelling
        for spelling, names in emoji.EMOJI_DATA.items()
        if names["status"] != COMPONENT and canonical(spelling) != BY_NAME[names["en"]]
    }

    assert len(BY_NAME) > 3900
    assert not wrong


def test_every_shortcode_is_an_emoji_of_that_name() -> None:
    wrong = {
        code
        for code in SHORTCODES
        for names in [emoji.EMOJI_DATA[canonical(code) or "🥚"]]
        if code != names["en"] and code not in names.get("alias", [])
    }

    assert not wrong


@pytest.mark.parametrize("code", [*SHORTCODES[::100], ":cat:", ":satellite:"])
def test_a_shortcode_means_what_the_emoji_package_means(code: str) -> None:
    assert canonical(code) == emoji.emojize(code, language="alias")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("☕", "☕"),
        ("☕️", "☕"),
        ("❤", "❤️"),
        ("❤️️", "❤️"),
        ("©", "©️"),
        ("1⃣", "1️⃣"),
        ("🏳‍🌈", "🏳️‍🌈"),
        ("👁️‍🗨", "👁️‍🗨️"),
        ("🇮🇳", "🇮🇳"),
        (":thumbsup:", "👍"),
        (":+1:", "👍"),
    ],
)
def test_an_emoji_has_one_kept_form(text: str, kept: str) -> None:
    assert canonical(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "1",
        "\ufe0f",
        "❤️❤️",
        "❤️ ",
        "❤️x",
        "🇮",
        "🏽",
        "🦰",
        "heart",
        ":no_such_thing:",
        ":HEART:",
    ],
)
def test_anything_else_is_no_emoji(text: str) -> None:
    assert canonical(text) is None
