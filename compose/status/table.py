"""The status as a person reads it: processes, hops, brokers, and what is wrong."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from compose.containers.place import NGINX
from compose.status.auditor_facts import AuditorFacts
from compose.status.facts import (
    BridgeFacts,
    Lag,
    OpenFacts,
    ProcessFacts,
    Running,
    Status,
    StreamFacts,
    WebFacts,
)
from compose.status.rules import DRAINED
from compose.status.verdict import Verdict
from compose.supervision.rpc import State
from compose.topology import INGEST, MAIN

_MINUTE_S = 60
_HOUR_S = 60 * _MINUTE_S
_DAY_S = 24 * _HOUR_S
_MIB = 1024**2
_PRECISE_BELOW_S = 10
_WRONG = "bold red"

_BEHIND = {"main": (MAIN,), "web": (INGEST, NGINX)}
"""Parts that a hop stands for, where they have other names."""


def whole(status: Status, verdict: Verdict) -> RenderableType:
    """Return all there is to show; what is wrong comes first: a terminal may be low."""
    return Group(sentences(verdict), "", tables(status, verdict))


def tables(status: Status, verdict: Verdict) -> Group:
    """Return what was seen, what is wrong in red; nothing where nothing runs."""
    if status.running is Running.NOT:
        return Group()
    wrong = {finding.part for finding in verdict.findings}
    shown: list[RenderableType] = []
    shown += [process_table(status, wrong), ""] if status.processes else []
    shown += [hop_table(status, wrong), ""]
    shown += [cluster_table(status, wrong), ""] if status.clusters else []
    shown += [worker_table(status, wrong), ""] if status.workers else []
    shown += [_open_to(status.open), ""] if status.open and status.open.where else []
    return Group(*shown)


def sentences(verdict: Verdict) -> Text:
    """Say that all is well, or what is wrong and no consequence of something else."""
    if verdict.is_well:
        return Text("All is well.", style="green")
    return Text("\n".join(cause.text for cause in verdict.causes), style=_WRONG)


def process_table(status: Status, wrong: set[str]) -> Table:
    """Return a row for each process, and one for all together."""
    table = _table("process", "state", right=("for", "restarts", "memory", "cores"))
    known = status.processes
    for process in known:
        table.add_row(
            process.name,
            _state(process, status.drain_of(process.name)),
            _or_dash(process.running_s, duration),
            _or_dash(process.restarts, str),
            _or_dash(process.memory_bytes, _mib),
            _or_dash(process.cpu_cores, _cores),
            style=_WRONG if process.name in wrong else None,
        )
    memory_bytes = sum(process.memory_bytes or 0 for process in known)
    cores = sum(process.cpu_cores or 0 for process in known)
    table.add_row("all", "", "", "", _mib(memory_bytes), _cores(cores), style="dim")
    return table


def hop_table(status: Status, wrong: set[str]) -> Table:
    """Return a row for each hop of a reaction on its way to the main broker."""
    table = _table("hop", "behind", "", right=())
    kafka, web, main = status.kafka, status.web, status.main
    rows = (
        ("web", None, _web(web)),
        ("kafka", None, (kafka.problem or "answers") if kafka else "-"),
        ("stream", kafka.stream_lag if kafka else None, _stream(status.stream)),
        ("bridge", kafka.bridge_lag if kafka else None, _bridge(status.bridge)),
        ("main", None, (main.problem or "answers") if main else "-"),
        ("auditor", None, _auditor(status.auditor)),
    )
    for part, lag, text in rows:
        behind = _or_dash(lag, _behind)
        is_wrong = bool(wrong & {part, *_BEHIND.get(part, ())})
        table.add_row(part, behind, text, style=_WRONG if is_wrong else None)
    return table


def cluster_table(status: Status, wrong: set[str]) -> Table:
    """Return a row for each cluster's broker: how old what its viewers see is."""
    table = _table("broker", "link", right=("last frame", "last pulse"))
    for cluster in status.clusters:
        is_linked = cluster.is_linked
        table.add_row(
            cluster.name,
            "-" if is_linked is None else "up" if is_linked else "down",
            _or_dash(cluster.last_frame_age_s, _ago, "none yet"),
            _or_dash(cluster.last_pulse_age_s, _ago, "none"),
            style=_WRONG if cluster.name in wrong else None,
        )
    return table


def worker_table(status: Status, wrong: set[str]) -> Table:
    """Return a row for each worker, and one for all together."""
    titles = ("slots", "members", "rooms", "last word")
    table = _table("worker", right=titles)
    for worker in status.workers:
        table.add_row(
            worker.name,
            _or_dash(worker.slots, str),
            _or_dash(worker.members, "{:,}".format),
            _or_dash(worker.rooms, "{:,}".format),
            _or_dash(worker.status_age_s, _ago, "none"),
            style=_WRONG if worker.name in wrong else None,
        )
    members = sum(worker.members or 0 for worker in status.workers)
    table.add_row("all", "", f"{members:,}", "", "", style="dim")
    return table


def duration(seconds: float) -> str:
    """Write a span of time with the two units that matter."""
    whole = int(seconds)
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S} s"
    if whole < _DAY_S:
        return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S} min"
    return f"{whole // _DAY_S} d {whole % _DAY_S // _HOUR_S} h"


def _state(process: ProcessFacts, drain: str | None) -> str:
    """Say how a process is; that of a drained cluster, too, why it is stopped."""
    meant = State.STOPPED if drain == DRAINED else State.RUNNING
    return drain if drain and process.state is meant else process.state.lower()


def _web(facts: WebFacts | None) -> str:
    if facts is None:
        return "-"
    stores = facts.problem or facts.proxy_problem or "takes reactions"
    if facts.workers_at_main is None:
        return stores
    workers = _or_dash(facts.workers, str)
    return f"{stores}; {facts.workers_at_main} of {workers} workers read frames"


def _stream(facts: StreamFacts | None) -> str:
    if facts is None or facts.problem:
        return (facts and facts.problem) or "-"
    dropped = [rows for rows in (facts.rows_dropped or {}).values() if rows is not None]
    trigger = _or_dash(facts.last_trigger_age_s, _ago)
    took = _or_dash(facts.last_trigger_s, lambda took_s: f"{took_s:.2f} s")
    return (
        f"last trigger {trigger}, took {took};"
        f" last frame {_or_dash(facts.last_frame_age_s, _ago, 'none yet')};"
        f" pulse {_or_dash(facts.last_pulse_age_s, _ago, 'none yet')};"
        f" {sum(dropped)} rows dropped;"
        f" {_or_dash(facts.rejects, str)} rejects"
    )


def _bridge(facts: BridgeFacts | None) -> str:
    if facts is None or facts.problem:
        return (facts and facts.problem) or "-"
    sent, overtaken = _or_dash(facts.frames, str), _or_dash(facts.frames_overtaken, str)
    return f"{sent} frames sent; {overtaken} left out, overtaken by newer ones"


def _auditor(facts: AuditorFacts | None) -> str:
    if facts is None or facts.problem:
        return (facts and facts.problem) or "-"
    wrong = _or_dash(facts.rooms_wrong, str)
    return (
        f"{_or_dash(facts.difference, '{:,}'.format)} reactions off in {wrong} rooms;"
        f" {_or_dash(facts.behind_s, '{:.1f} s'.format)} behind"
    )


def _open_to(facts: OpenFacts) -> Text:
    """Say what a network reaches; an address is copied from one line, unbroken."""
    lines = [f"Open to everybody who reaches {facts.host}:", *facts.where]
    return Text("\n  ".join(lines), no_wrap=True)


def _behind(lag: Lag) -> str:
    since = _or_dash(lag.behind_s, lambda behind_s: f"{behind_s:.1f} s")
    return f"{lag.records:,} records, {since}"


def _table(*left: str, right: Iterable[str]) -> Table:
    table = Table(*left, box=None, pad_edge=False)
    for title in right:
        table.add_column(title, justify="right")
    return table


_Shown = TypeVar("_Shown")


def _or_dash(
    value: _Shown | None, text: Callable[[_Shown], str], dash: str = "-"
) -> str:
    return dash if value is None else text(value)


def _ago(seconds: float) -> str:
    precise = f"{seconds:.1f} s" if seconds < _PRECISE_BELOW_S else duration(seconds)
    return f"{precise} ago"


def _mib(size: int) -> str:
    return f"{size / _MIB:,.0f} MiB"


def _cores(cores: float) -> str:
    return f"{cores:.2f}"
