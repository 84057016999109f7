"""The doctor's look at the pages: whether they are built, and of these sources."""

from collections.abc import Iterator
from pathlib import Path

from compose.doctor.finding import Finding, ok, warning
from compose.settings import Settings
from compose.setup import page

_ROOT = Path(__file__).resolve().parent.parent.parent


def built(settings: Settings, root: Path = _ROOT) -> Iterator[Finding]:
    """Look whether there are pages; without them all else is served.

    Args:
        settings: Nothing of them matters here.
        root: Where `clients/` lies: a checkout, or an install without their sources.
    """
    del settings
    if not (root / page.BUILT / "index.html").exists():
        text = "They are not built: a browser is answered 503 not_built."
        yield warning("pages", text, "In the checkout: make setup.")
    elif (root / page.PAGE).exists() and not page.is_built(root):
        text = "They are not those of the sources that are here."
        yield warning("pages", text, "make setup builds them.")
    else:
        yield ok("pages", "They are built.")
