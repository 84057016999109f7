"""The origins of other sites, as a person writes them down: a list in one setting.

An origin is what a browser says in `Origin`: scheme, host, and the port unless it is
the scheme's own.
"""

import re

ANY = "*"
"""Every site."""

_ORIGIN = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?")
_NEEDLESS_PORT = re.compile(r"http://[^:]+:80|https://[^:]+:443")


def split(text: str) -> tuple[str, ...]:
    """Return the origins of a setting that was checked."""
    return tuple(text.replace(",", " ").split())


def checked(text: str) -> str:
    """Return the setting if a browser could say each of its origins.

    Raises:
        ValueError: If one can never match; says which and why.
    """
    found = split(text)
    if ANY in found and len(found) > 1:
        raise ValueError(f"{ANY} allows every site: name it alone")
    for origin in found:
        if origin != ANY and (why := _problem(origin)):
            raise ValueError(f"{origin} {why}")
    return text


def _problem(origin: str) -> str | None:
    if not _ORIGIN.fullmatch(origin):
        return (
            "is no origin: write https://example.org, in lower case, with a port if it"
            " has one, without a path or a slash at its end"
        )
    if _NEEDLESS_PORT.fullmatch(origin):
        return "names the usual port, which browsers leave out: leave it out"
    return None
