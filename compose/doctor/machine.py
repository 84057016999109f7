"""The doctor's look at the machine: ports, memory, disk, file limits, the clock."""

import resource
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from compose import network, running
from compose.doctor.finding import Finding, ok, warning, wrong
from compose.doctor.needs import (
    at_most,
    disk_needed_bytes,
    memory_needed_bytes,
    port_claims,
)
from compose.layout import Layout
from compose.settings import BadSetting, Settings, variable
from compose.supervision.rpc import Supervisor

_GIB = 1024**3

DISK_LEAST_BYTES = 1 * _GIB
"""With less, Kafka or Spark may stop within the hour."""

FILES_LEAST = 4096
FILES_WANTED = 65_536
"""A broker has one open for each viewer."""

CLOCK_BACK_MAX_S = 2.0
"""How far back a clock may have gone: a correction, not a setting."""


def ports(settings: Settings) -> Iterator[Finding]:
    """Look whether every port is free, or ours already."""
    try:
        from compose import ports as table  # noqa: PLC0415 - it needs psutil
    except ImportError:
        return  # told by the look at modules
    claims = port_claims(_at_most(_reachable(settings)))
    wanted = [
        table.Wanted(one.port, process, one.setting, one.host)
        for process, one in claims
    ]
    complaints = table.clashes(wanted)
    for complaint in complaints:
        yield wrong("ports", f"{complaint.partition(': ')[0]}.", _sentence(complaint))
    ours = 0
    for want in wanted:
        problem = table.problem(want.port, want.host)
        holder = table.holder(want.port) if problem else None
        if holder and holder.state_dir == str(settings.state_dir):
            ours += 1
        elif problem:
            text = f"{want.port} ({want.process}) {problem}."
            yield wrong("ports", text, f"Free it, or choose another: {want.setting}.")
            complaints.append(text)
    if not complaints:
        yield ok("ports", f"All {len(wanted)} can be had; {ours} are in use by us.")


def openness(settings: Settings) -> Iterator[Finding]:
    """Look who reaches us, or will: this machine alone, or a network."""
    try:
        address = network.public_address(settings.public_host)
    except BadSetting as error:
        remedy = f"Choose one of these, or leave {variable('public_host')} empty."
        yield wrong("network", str(error), remedy)
        return
    except ImportError:
        return  # told by the look at modules
    if not address:
        yield ok("network", "Everything is open to this machine alone.")
        return
    text = f"HTTP and WebSockets are open to whoever reaches {address}; nothing else."
    yield ok("network", text)


def memory(settings: Settings) -> Iterator[Finding]:
    """Look whether there is as much memory as the processes will use."""
    try:
        import psutil  # noqa: PLC0415 - one of what is looked for

        from compose.status import usage  # noqa: PLC0415 - they need psutil
        from compose.supervision import orphans  # noqa: PLC0415 - they need psutil
    except ImportError:
        return  # told by the look at modules
    ours = sum(map(usage.memory_bytes, orphans.find(settings.state_dir)))
    available = psutil.virtual_memory().available + ours
    yield memory_finding(available, memory_needed_bytes(_at_most(settings)))


def memory_finding(available: int, needed: int) -> Finding:
    """Judge the memory that we have or could have, in bytes."""
    text = f"{available / _GIB:.1f} GiB for us, and we use up to {needed / _GIB:.1f}."
    if available >= needed:
        return ok("memory", text)
    remedy = "End something else, or lower"
    remedy += f" {variable('spark_driver_memory_mb')} or {variable('kafka_heap_mb')}."
    return wrong("memory", text, remedy)


def disk(settings: Settings) -> Iterator[Finding]:
    """Look whether what is kept will fit on the disk."""
    data = settings.state_dir / "data"
    used = sum(map(_size, data.rglob("*")))
    free = shutil.disk_usage(_nearest(settings.state_dir)).free
    yield disk_finding(free, max(0, disk_needed_bytes(_at_most(settings)) - used))


def disk_finding(free: int, needed: int) -> Finding:
    """Judge free space against what may still be written, in bytes."""
    text = f"{free / _GIB:.1f} GiB free; up to {needed / _GIB:.1f} more will be kept."
    remedy = f"Free some, lower {variable('reactions_retention_bytes')}, or have"
    remedy += f" {variable('state_dir')} name a folder on another disk."
    if free < DISK_LEAST_BYTES:
        return wrong("disk", text, remedy)
    return ok("disk", text) if free >= needed else warning("disk", text, remedy)


def files(_: Settings) -> Iterator[Finding]:
    """Look how many files a process may have open."""
    yield files_finding(resource.getrlimit(resource.RLIMIT_NOFILE)[1])


def files_finding(hard: int) -> Finding:
    """Judge the hard limit of open files."""
    if hard == resource.RLIM_INFINITY or hard >= FILES_WANTED:
        return ok("open files", "As many as a broker may need.")
    text = f"A process may have {hard:,}, so a broker fewer viewers than that."
    remedy = (
        f"Raise it to {FILES_WANTED} (`ulimit -Hn`, LimitNOFILE=), then start anew."
    )
    return (wrong if hard < FILES_LEAST else warning)("open files", text, remedy)


def clock(settings: Settings) -> Iterator[Finding]:
    """Look whether the clock has gone back since the stream last wrote."""
    marks = [settings.stream_dir / "epoch.json", settings.stream_dir / "checkpoint"]
    marks += [settings.stream_dir / "checkpoint" / "commits"]
    written = [mark.stat().st_mtime for mark in marks if mark.exists()]
    yield clock_finding(time.time(), max(written, default=0))


def clock_finding(now_s: float, newest_s: float) -> Finding:
    """Judge the time against that of the newest thing written."""
    back_s = newest_s - now_s
    if back_s <= CLOCK_BACK_MAX_S:
        return ok("clock", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now_s)))
    text = f"It has gone back by {back_s:.0f} s since the stream last wrote: reactions"
    text += " may fall behind the watermark and be lost."
    return wrong("clock", text, "Set it right, or wait until that time has passed.")


def _at_most(settings: Settings) -> Settings:
    """Return the settings with as many clusters and workers as may come to run."""
    layout = Layout(settings.state_dir)
    if Supervisor(layout.socket).is_gone():
        return at_most(settings, None)
    try:
        return at_most(settings, running.noted(layout))
    except (running.NothingNoted, OSError):
        return at_most(settings, None)


def _reachable(settings: Settings) -> Settings:
    """Return the settings, without a public host of which `openness` complains."""
    try:
        network.public_address(settings.public_host)
    except BadSetting:
        return settings.model_copy(update={"public_host": ""})
    return settings


def _sentence(complaint: str) -> str:
    """Return what helps of a complaint, which says it after a colon."""
    helps = complaint.rpartition(": ")[2]
    return f"{helps[0].upper()}{helps[1:]}."


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size if path.is_file() else 0
    except OSError:
        return 0  # Kafka has just deleted it


def _nearest(folder: Path) -> Path:
    """Return the folder, or what is there on the way to it."""
    return next(each for each in (folder, *folder.parents) if each.exists())
