"""Every emoji of Unicode under all its spellings, and the one form we keep.

An emoji may be written with or without its variation selector (☕, ☕️), and by
shortcode (`:coffee:`); the kept form is the one that Unicode calls fully
qualified. A skin tone or a hair style alone is no emoji: Unicode lists it as a
component of others, so it has no such form.
"""

from collections.abc import Mapping
from typing import Final

import emoji

_VARIATION_SELECTOR = "\ufe0f"


def canonical(text: str) -> str | None:
    """Return the fully qualified form of the one emoji that `text` is.

    Args:
        text: An emoji in any spelling, or a shortcode with its colons.

    Returns:
        None if it is anything else, such as two emoji.
    """
    return _TABLE.get(text) or _TABLE.get(text.replace(_VARIATION_SELECTOR, ""))


def _table() -> Mapping[str, str]:
    """Return the kept form by bare spelling, by itself, and by shortcode."""
    kept = [
        (form, names)
        for form, names in emoji.EMOJI_DATA.items()
        if names["status"] == emoji.STATUS["fully_qualified"]
    ]
    table = {form.replace(_VARIATION_SELECTOR, ""): form for form, _ in kept}
    table |= {form: form for form, _ in kept}  # the usual case is found at once
    table |= {names["en"]: form for form, names in kept}
    # Last: where :cat: names one and is the alias of another, chats mean the alias.
    table |= {alias: form for form, names in kept for alias in names.get("alias", ())}
    return table


_TABLE: Final = _table()
