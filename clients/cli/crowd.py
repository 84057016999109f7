"""`emostream crowd`: have a crowd react and watch, and say what became of it."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import msgspec
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from clients.crowd.crowd import Crowd
from clients.crowd.latency import Latency
from clients.crowd.plan import Plan
from clients.crowd.progress import Phase, Progress
from clients.crowd.reactions import Reactions
from clients.crowd.report import Report, SenderFigures
from clients.crowd.witnessed import Witnessed

LINE_EVERY_S = 3.0
"""Where progress is no terminal's."""

SEEN_WITHIN_S = 2.0
"""So soon everybody sees what was tapped; of all batches but a hundredth."""

_BAR_CELLS = 30


def crowd(plan: Plan, *, as_json: bool) -> Report:
    """Run a crowd to its end, or until Ctrl-C; say how it goes and what it found.

    Raises:
        BadPlan: If nobody can do that.
        CrowdFailed: If there is nothing to report.
        Unreachable: If nobody answers where clients register.
    """
    made = Crowd(plan)
    with stopped_by_signals(made), _screen(sys.stderr) as screen:
        found = made.run(screen.show)
    if as_json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines(found))
    return found


@contextmanager
def stopped_by_signals(made: Crowd) -> Iterator[None]:
    """Let Ctrl-C end it in order: what was until then is reported."""

    def stop(*_: object) -> None:
        made.stop()

    before = {one: signal.signal(one, stop) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Lines:
    """A line every few seconds."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._said_s, self._said = float("-inf"), (Phase.JOINING, "")

    def show(self, progress: Progress) -> None:
        """Say how far it is, if it is time, or something has happened."""
        now_s, news = time.monotonic(), (progress.phase, progress.moment)
        if now_s - self._said_s < LINE_EVERY_S and news == self._said:
            return
        self._said_s, self._said = now_s, news
        print(progress_line(progress), file=self._out, flush=True)


class _Table:
    """A table that is drawn over itself."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def show(self, progress: Progress) -> None:
        """Draw it again."""
        self._live.update(picture(progress), refresh=True)


@contextmanager
def _screen(out: TextIO) -> Iterator[_Lines | _Table]:
    if not out.isatty():
        yield _Lines(out)
        return
    with Live(console=Console(file=out), auto_refresh=False, transient=True) as live:
        yield _Table(live)


def progress_line(progress: Progress) -> str:
    """Write how far it is as one line."""
    words = [f"{progress.phase} {progress.at_s:.0f}/{progress.of_s:.0f} s"]
    words.append(f"joined {progress.joined:,}/{progress.expected:,}")
    if progress.sent:
        words.append(f"accepted {progress.accepted:,}/{progress.sent:,}")
        words.append(f"counted {progress.counted:,}")
    words.append(f"deliveries {progress.deliveries:,}")
    for name, count in _troubles(progress):
        words.append(f"{name} {count:,}")
    return "  ".join([*words, *([progress.moment] if progress.moment else [])])


def picture(progress: Progress) -> Table:
    """Draw how far it is."""
    table = Table.grid(padding=(0, 2))
    done = progress.at_s / progress.of_s if progress.of_s else 0.0
    bar = "█" * round(done * _BAR_CELLS)
    clock = f"{bar:<{_BAR_CELLS}} {progress.at_s:.0f}/{progress.of_s:.0f} s"
    table.add_row(Text(progress.phase, style="bold"), clock)
    table.add_row("joined", f"{progress.joined:,} of {progress.expected:,}")
    if progress.sent:
        table.add_row(
            "reactions", f"{progress.accepted:,} accepted of {progress.sent:,}"
        )
        table.add_row("counted", f"{progress.counted:,}")
    frames = f"{progress.frames:,} frames, {progress.deliveries:,} deliveries"
    table.add_row("received", frames)
    for name, count in _troubles(progress):
        table.add_row(name, Text(f"{count:,}", style="yellow"))
    if progress.moment:
        table.add_row("", Text(progress.moment, style="bold cyan"))
    return table


def _troubles(progress: Progress) -> Iterator[tuple[str, int]]:
    for name in ("refused", "unknown", "late", "moves", "reconnects"):
        if count := getattr(progress, name):
            yield name, count


def lines(found: Report) -> Iterator[str]:
    """Say what a crowd found, a line for each thing."""
    if found.is_interrupted:
        yield f"ended early, after {found.seconds:.0f} s"
    if found.reactions:
        yield from _reaction_lines(found.reactions)
    if found.sender:
        yield _sends_line(found.sender)
    if found.reactions:
        yield f"last tap of a batch → own client {tap_words(found)}"
    yield from _attended_lines(found)
    for why in found.invalid:
        yield f"INVALID: {why}"
    for failure in found.failures:
        yield f"NOT WELL: {failure}"
    if found.verdict == "well":
        yield closing_words(found)


def closing_words(found: Report) -> str:
    """Say of a run in which nothing was lost whether it kept its time, too."""
    but = "; ".join(reservations(found))
    return f"Nothing was lost; but {but}." if but else "All is well."


def reservations(found: Report) -> Iterator[str]:
    """Say what keeps a run in which nothing was lost from being all well."""
    witnessed = found.reactions and found.reactions.witnessed
    if witnessed and witnessed.problem:
        yield "the ledger could not be read"
    if found.unseen:
        yield f"{found.unseen:,} batches were never seen by their own client"
    elif found.reactions and found.tap is None:
        yield "how soon it was seen is not known"
    if found.tap and found.tap.p99_ms > SEEN_WITHIN_S * 1000:
        yield f"p99 was {found.tap.p99_ms / 1000:.1f} s (over {SEEN_WITHIN_S:.0f} s)"


def tap_words(found: Report) -> str:
    """Say how long it took to the client that tapped, and for how many not."""
    if found.reactions and not found.reactions.is_exact:
        return "not measured: the total does not hold, so who is counted is not known"
    words = [spread(found.tap)]
    if found.unseen:
        words.append(f"{found.unseen:,} batches were never seen by their own client")
    if found.untold:
        words.append(f"{found.untold:,} came after one without an answer: not known")
    return "; ".join(words)


def _sends_line(sender: SenderFigures) -> str:
    held = f"; {sender.held_share:.2%} waited for one of {sender.connections}"
    late = f"late sends {sender.late_share:.2%} (more than 10 ms)"
    return f"{late}{held} connections" if sender.held_share else late


def _reaction_lines(reactions: Reactions) -> Iterator[str]:
    yield (
        f"accepted {reactions.accepted:,} of {reactions.sent:,} reactions,"
        f" refused {reactions.refused:,}, unknown {reactions.unknown:,};"
        f" repeated {reactions.repeated:,} of {reactions.batches:,} batches"
    )
    low, high = reactions.accepted, reactions.accepted + reactions.unknown
    promise = "holds" if reactions.is_exact else "DOES NOT HOLD"
    yield (
        f"total {reactions.before:,} before, {reactions.after:,} after:"
        f" {low:,} ≤ {reactions.counted:,} ≤ {high:,} {promise}"
    )
    if reactions.witnessed:
        yield f"ledger {ledger_words(reactions.witnessed)}"


def ledger_words(witnessed: Witnessed) -> str:
    """Say what the ledger has of it."""
    if witnessed.problem:
        return f"not read: {witnessed.problem}"
    return (
        f"stored {witnessed.stored:,}, repeated {witnessed.repeated:,},"
        f" counted {witnessed.counted:,}: difference {witnessed.difference:,}"
    )


def _attended_lines(found: Report) -> Iterator[str]:
    seen = found.attended
    yield (
        f"missed {seen.missed:,} of {seen.deliveries + seen.missed:,} deliveries of"
        f" {seen.frames:,} frames; {seen.missed_away:,} while a connection was lost"
    )
    joins = f"registering → assigned {spread(seen.joins)}"
    yield f"joined {seen.members:,} clients: {joins}"
    yield f"moves {seen.moves:,}, reconnects {seen.reconnects:,}"
    yield f"worker → client {spread(seen.relay)}"
    yield f"first → last client {spread(seen.everywhere)}"


def spread(latency: Latency | None) -> str:
    """Write a latency's percentiles."""
    if latency is None:
        return "not measured: there were fewer than two"
    return (
        f"p50 {latency.p50_ms:,.0f} p95 {latency.p95_ms:,.0f}"
        f" p99 {latency.p99_ms:,.0f} max {latency.max_ms:,.0f} ms"
        f" (n = {latency.n:,})"
    )
