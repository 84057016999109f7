"""The command line, and what it orders. Pure: nothing is started here."""

import argparse
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from tests.load.cases import CASES, REFERENCES, SMOKE, Case, chosen
from tests.load.order import Order
from tests.load.system import HTTP_PORT, System, running_at

REPEATS = 3
REFERENCE_S = 8.0


def order(options: argparse.Namespace) -> Order:
    """Make out what is wanted.

    Raises:
        NoSuchCase: If a name is no case's.
        ValueError: If the options do not go together.
    """
    wanted = [name for name in options.only if name != REFERENCES]
    running = _running(options.url, options.broker)
    everything = not options.only and running is None
    with_references = everything or REFERENCES in options.only
    if running and with_references:
        raise ValueError("references are compared with a system of the bench's own")
    cases = list(chosen(wanted)) if wanted or not options.only else []
    if running:
        cases = _that_only_post(cases, strict=bool(wanted))
    return Order(
        cases=[_timed(case, options.seconds) for case in cases],
        repeats=options.repeats,
        reference_s=REFERENCE_S if with_references else 0,
        is_all=everything and _is_thorough(options),
        running=running,
    )


def _is_thorough(options: argparse.Namespace) -> bool:
    """Tell whether it is measured as often and as long as what is committed."""
    longest_s = max(case.seconds for case in CASES)
    return options.repeats >= REPEATS and (options.seconds or math.inf) >= longest_s


def _running(url: str | None, broker: str | None) -> System | None:
    if not url and not broker:
        return None
    if not url or not broker:
        raise ValueError("--url and --broker go together")
    address = urlsplit(url)
    if not address.hostname:
        raise ValueError(f"--url {url}: http://HOST:PORT is meant")
    return running_at(address.hostname, address.port or HTTP_PORT, broker)


def _that_only_post(cases: Sequence[Case], *, strict: bool) -> list[Case]:
    """Leave out what needs a system of the bench's own; refuse it if it was named."""
    fitting = [
        case for case in cases if case.kind in ("load", "maximum") and not case.settings
    ]
    if strict and len(fitting) < len(cases):
        names = ", ".join(case.name for case in cases if case not in fitting)
        raise ValueError(f"not with --url, which is started already: {names}")
    return fitting


def _timed(case: Case, seconds: float | None) -> Case:
    return replace(case, seconds=seconds) if seconds else case


def names() -> str:
    """Return all that can be measured, a line each."""
    known = [(case.name, case.title) for case in (*CASES, SMOKE)]
    known.append((REFERENCES, "What the system is compared with"))
    return "\n".join(f"{name:22}{title}" for name, title in known)


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    made = argparse.ArgumentParser(
        prog="python -m tests.load", description="Measure the system."
    )
    made.add_argument("--list", action="store_true", help="name the cases and end")
    made.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help="a case, or `references`; may be repeated",
    )
    made.add_argument("--repeats", type=_count, default=REPEATS)
    made.add_argument(
        "--seconds", type=_seconds, help="to measure for, instead of each case's own"
    )
    made.add_argument("--out", type=Path, help="where to write the JSON, too")
    made.add_argument("--url", help="of a system that runs already: http://HOST:PORT")
    made.add_argument("--broker", help="a cluster's broker of it: HOST:PORT")
    return made


def _count(text: str) -> int:
    if not text.isdecimal() or (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of at least 1")
    return number


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 1 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no time of at least 1 s")
    return number
