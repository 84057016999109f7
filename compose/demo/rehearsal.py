"""Some taps ahead of the match, where the stream was started a moment ago.

The first minute of a JVM is spent compiling: its latencies are another system's.
"""

import time
from collections.abc import Callable, Iterator, Mapping

from rich.console import Console

from clients.cli.crowd import stopped_by_signals
from clients.crowd.crowd import Crowd
from clients.crowd.plan import Plan
from clients.crowd.report import Report
from compose.demo.wish import fresh_room
from compose.supervision.rpc import ProcessInfo
from compose.topology import STREAM

WARM_AFTER_S = 120.0
SECONDS = 30.0
HEAVY_PER_S = 20_000
"""Less than that, and nobody would see the difference."""

_CLIENTS = 40


def rehearsal(
    plan: Plan, processes: Mapping[str, ProcessInfo], now_s: float
) -> Plan | None:
    """Return what is to be played first, in a room of its own; None where it is not.

    Args:
        plan: What is to be shown.
        processes: As supervisord knows them.
        now_s: The time of day, in seconds since the epoch.
    """
    stream = processes.get(STREAM)
    is_new = stream is not None and now_s - stream.started_at < WARM_AFTER_S
    if not is_new or plan.clients * plan.rate < HEAVY_PER_S:
        return None
    clients = min(plan.clients, _CLIENTS)
    return Plan(
        url=plan.url,
        room=fresh_room(),
        clients=clients,
        rate=max(plan.rate, HEAVY_PER_S / clients),
        seconds=SECONDS,
    )


def rehearse(
    plan: Plan, processes: Callable[[], Mapping[str, ProcessInfo]], console: Console
) -> None:
    """Let a smaller crowd tap first if that helps, and say why.

    Raises:
        CrowdFailed: If the crowd cannot even begin.
        KeyboardInterrupt: If a person gave up.
        Unreachable: If nobody answers.
    """
    first = rehearsal(plan, processes(), time.time())
    if first is None:
        return
    words = (
        f"The stream was started a moment ago: {SECONDS:.0f} s of taps in another room"
        " come first, so that its code is compiled."
    )
    if not console.is_terminal:
        console.print(words, soft_wrap=True, highlight=False)
    crowd = Crowd(first)
    with stopped_by_signals(crowd), console.status(words):
        found = crowd.run()
    if found.is_interrupted:
        raise KeyboardInterrupt
    for words in complaints(found):
        console.print(words, style="bold red", soft_wrap=True, highlight=False)


def complaints(found: Report) -> Iterator[str]:
    """Say what went wrong before anybody looked."""
    for failure in found.failures:
        yield f"Not well in these first taps: {failure}."
