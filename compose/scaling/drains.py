"""Which clusters are to be left: a note for each in the run folder.

It outlives the command that made it, and ends with the run: all clusters of a start are
open. A cluster that is noted takes nobody; `is_stopped` tells that it was left by all.
"""

import contextlib
import time
from collections.abc import Iterable, Mapping

import msgspec

from compose.files import File
from compose.layout import Layout

SPREAD_S = 30.0
"""Over how long members go where nobody says it."""


class Drain(msgspec.Struct, frozen=True):
    """A cluster that is to be left."""

    cluster: str
    spread_s: float = SPREAD_S
    since_ms: int = 0
    is_leaving: bool = False
    """Whether there is to be a cluster fewer when it is empty."""

    is_stopped: bool = False
    """Whether it has been left, and its processes are stopped on purpose."""

    def patience_s(self, beyond_s: float) -> float:
        """Return for how long it is to be waited, from now on."""
        age_s = time.time() - self.since_ms / 1000
        return max(0.0, self.spread_s + beyond_s - max(0.0, age_s))

    @property
    def word(self) -> str:
        """How far it is, in one word."""
        return "drained" if self.is_stopped else "draining"


def begun(cluster: str, spread_s: float, *, is_leaving: bool = False) -> Drain:
    """Return the note of a drain that begins now."""
    return Drain(cluster, spread_s, time.time_ns() // 1_000_000, is_leaving)


def as_before(drain: Drain, before: Drain) -> Drain:
    """Return a drain that has begun as another one had."""
    return msgspec.structs.replace(
        drain, since_ms=before.since_ms, is_stopped=before.is_stopped
    )


def as_stopped(drain: Drain) -> Drain:
    """Return a drain as it is when everybody has left."""
    return msgspec.structs.replace(drain, is_stopped=True)


def as_running(drain: Drain) -> Drain:
    """Return a drain as it is while its cluster is being opened again."""
    return msgspec.structs.replace(drain, is_stopped=False)


def add(layout: Layout, drain: Drain) -> None:
    """Note a drain, or how far it has come."""
    text = msgspec.json.encode(drain).decode()
    File(layout.drains / f"{drain.cluster}.json", text).write()


def remove(layout: Layout, cluster: str) -> None:
    """Have a cluster taken for open; harmless if it was."""
    (layout.drains / f"{cluster}.json").unlink(missing_ok=True)


def put_back(
    layout: Layout, clusters: Iterable[str], noted: Mapping[str, Drain]
) -> None:
    """Have some clusters noted as they were before."""
    for cluster in clusters:
        if cluster in noted:
            add(layout, noted[cluster])
        else:
            remove(layout, cluster)


def read(layout: Layout) -> dict[str, Drain]:
    """Return what is noted, by cluster; what cannot be read is a drain all the same."""
    found = {}
    for file in sorted(layout.drains.glob("*.json")):
        with contextlib.suppress(FileNotFoundError):
            found[file.stem] = _decoded(file.stem, file.read_bytes())
    return found


def stopped(layout: Layout) -> set[str]:
    """Return the clusters that are drained, whose processes are not to run."""
    return {name for name, drain in read(layout).items() if drain.is_stopped}


def forget(layout: Layout) -> None:
    """Have every cluster taken for open."""
    for cluster in read(layout):
        remove(layout, cluster)


def open_of(clusters: Iterable[str], layout: Layout) -> list[str]:
    """Return those of some clusters that are not drained."""
    away = stopped(layout)
    return [name for name in clusters if name not in away]


def _decoded(cluster: str, raw: bytes) -> Drain:
    try:
        return msgspec.json.decode(raw, type=Drain)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Drain(cluster)
