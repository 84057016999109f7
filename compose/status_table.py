"""The status as tables for a person."""

from collections.abc import Iterable

from rich.table import Table

from compose.status import ClusterView, ProcessStatus

_MINUTE_S = 60
_HOUR_S = 60 * _MINUTE_S
_DAY_S = 24 * _HOUR_S
_MIB = 1024**2


def process_table(processes: Iterable[ProcessStatus]) -> Table:
    """Return a row for each process."""
    table = Table("process", "state", box=None, pad_edge=False)
    for title in ("for", "pid", "restarts", "memory"):
        table.add_column(title, justify="right")
    for process in processes:
        style = None if process.is_up else "bold red"
        table.add_row(
            process.name,
            process.state.lower(),
            duration(process.running_s) if process.pid else "-",
            str(process.pid or "-"),
            str(process.restarts),
            f"{process.memory_bytes / _MIB:,.0f} MiB" if process.pid else "-",
            style=style,
        )
    return table


def cluster_table(views: Iterable[ClusterView]) -> Table:
    """Return a row for each cluster: how old what a viewer sees is."""
    table = Table("broker", box=None, pad_edge=False)
    for title in ("last frame", "pulse"):
        table.add_column(title, justify="right")
    for view in views:
        table.add_row(
            view.name,
            "none yet"
            if view.frame_age_s is None
            else f"{duration(view.frame_age_s)} ago",
            "none" if view.pulse_age_s is None else f"{view.pulse_age_s:.1f} s ago",
            style="bold red" if view.pulse_age_s is None else None,
        )
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
