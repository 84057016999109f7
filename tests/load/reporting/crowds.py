"""The cases with many clients as tables: the crowd, the fan-out, and the storms."""

from collections.abc import Callable

from tests.load.case_run import AUDIENCE, GENERATOR
from tests.load.crowd_run import Fanned, FanOut, Scaled, Storm
from tests.load.measured import CaseResult, CaseRun, Result
from tests.load.reporting.cases import (
    Read,
    cpu,
    figures,
    of_kind,
    p50,
    p95,
    p99,
    remark,
)
from tests.load.reporting.text import figure, table

_OURS = "ours"
_BARE = "bare"

_OfSide = Callable[[FanOut, Fanned], float | None]

WHAT_THEY_ARE = """\
- **The crowd** is `emostream crowd`: clients that register, join, send in keyed batches
  and get their room's frames. **Tap → client** is from a batch's last tap until the
  client that sent it has a frame that counts it, however many others it counts.
- **Fan-out** is frames of real size that the harness publishes, in the bridge's name,
  to main: nobody reacts. The same frames go from the same publisher to one Mosquitto
  without passwords, rights or workers, to as many viewers, who read with the same code:
  right after ours in the first repeat, right before in the next, and so on in turn.
  *First to last* is over all viewers of all clusters, by the kernel's times.
- **Deliveries by the bare broker's** is near 1 wherever nobody misses anything: two
  frames a second are published on either side, so no side can deliver more of them, and
  only one that loses frames or falls behind delivers fewer. Two other figures tell the
  sides apart. *For a core-second* is deliveries by the CPU time of the brokers alone;
  ours are main and three others. *While a frame goes out* is the viewers by the time
  from when a frame is published until the last of them has it, of the median frame.
  Ours does more for each: a frame takes two hops more, from main by a cluster's broker
  to its workers and back, main lets in nobody without a password, and a cluster's
  broker looks up whether each viewer may read it. But three of its brokers send at a
  time where the bare one is alone: so it can be ahead while a frame goes out.
- **A connection's memory** is by how much the brokers grew for it, without what the
  kernel keeps. It is known only where no earlier run had made them as great.
- **The join storm**: each client comes once, and asks again as it is told to. **The
  reconnect storm**: a cluster's broker gets SIGKILL while frames come. *Tries* are the
  connections begun after that, at the dead broker, too; *taken by brokers* are those
  that reached one, the same broker once it is back: what brokers have to bear. The time
  to a newer frame is that of those who had been at that broker. A p99 is of all: who
  never was assigned, or got nothing newer, is infinitely late.
- **Auto-scaling** counts every frame that was published between a client's first join
  and its planned leave. It *came to nobody*, or a client missed it *there*, connected
  all the time, or *away*, while its connection was lost. A *move* is a change of
  cluster as told, a *reconnect* comes after a lost connection; *not back* are clients
  that found no other until the end.
"""


def crowds(result: Result) -> str:
    """Show what clients that react came to."""
    return figures(
        of_kind(result, "crowd"),
        (
            ("accepted", _booked(lambda book: book.accepted)),
            ("refused", _booked(lambda book: book.refused)),
            ("counted", _booked(lambda book: book.counted)),
            ("tap → client p50 ms", lambda run: p50(run.registered)),
            ("p95 ms", lambda run: p95(run.registered)),
            ("p99 ms", lambda run: p99(run.registered)),
            ("missed", lambda run: run.audience.missed if run.audience else None),
            ("late, share", lambda run: run.late_share),
            ("system cores", cpu),
            ("crowd's", _ours_cores),
        ),
    )


def fan_outs(result: Result) -> str:
    """Show how frames came to viewers: two rows a case, ours and the bare broker's."""
    cases = of_kind(result, "fan-out")
    columns: tuple[tuple[str, _OfSide], ...] = (
        ("deliveries /s", lambda _, side: side.deliveries_per_s),
        ("missed", lambda _, side: side.missed),
        ("/s while a frame goes out", FanOut.going_out_per_s),
        ("published → last p50 ms", lambda _, side: p50(side.reach)),
        ("p99 ms", lambda _, side: p99(side.reach)),
        ("first to last p99 ms", lambda _, side: p99(side.apart)),
        ("most", lambda _, side: side.apart.max_ms if side.apart else None),
        ("brokers' cores", lambda _, side: side.broker_cores),
        ("for a core-second", lambda _, side: side.per_core_s),
        ("KiB a connection", lambda _, side: side.connection_kib),
        ("viewers' cores", lambda _, side: side.viewers_share),
    )
    rows = [
        (
            f"{case.title}: {name}",
            *(figure(case.spread(_side(name, read))) for _, read in columns),
        )
        for case in cases
        for name in (_OURS, _BARE)
    ]
    head = ("", *(name for name, _ in columns))
    return table(head, rows) + "\n" + _beside(cases) if rows else ""


def storms(result: Result) -> str:
    """Show what became of those who came, or came back, at a time."""
    return figures(
        of_kind(result, "join-storm", "reconnect-storm"),
        (
            ("joined", _stormed(lambda found: found.joined)),
            ("never assigned", _stormed(lambda found: found.never_assigned)),
            ("told to ask again", _stormed(lambda found: found.put_off)),
            ("POST → assignment p50 ms", _stormed(lambda found: p50(found.joins))),
            ("p95 ms", _stormed(lambda found: p95(found.joins))),
            ("p99 ms", _stormed(lambda found: found.joins_p99_ms)),
            ("tries, busiest second", _stormed(lambda one: one.connects_busiest)),
            ("taken by brokers", _stormed(lambda one: one.reached_busiest)),
            ("thrown off", _stormed(lambda found: found.lost or None)),
            ("not newer", _thrown_off(lambda found: found.not_newer)),
            ("newer frame p50 ms", _stormed(lambda found: p50(found.newer))),
            ("p99 ms", _thrown_off(lambda found: found.newer_p99_ms)),
        ),
    )


def scalings(result: Result) -> str:
    """Show what the auto-scaler did."""
    cases = of_kind(result, "auto-scale")
    rows = [
        (
            case.title,
            " → ".join(f"{count} ({at_s:.0f} s)" for at_s, count in found.clusters),
            *(f"{count:,}" for count in _counts(found)),
            remark(case),
        )
        for case in cases
        for run in case.repeats
        if (found := run.scaled)
    ]
    head = ("case", "clusters, and since when", *_COUNTED, "")
    return table(head, rows) if rows else ""


_COUNTED = (
    *("frames published", "came to nobody", "missed there", "missed away"),
    *("moves", "reconnects", "never assigned", "turned away", "not back"),
)


def _counts(found: Scaled) -> tuple[int, ...]:
    return (
        *(found.published, found.to_nobody, found.missed, found.missed_away),
        *(found.moves, found.reconnects),
        *(found.never_assigned, found.turned_away, found.not_back),
    )


def _beside(cases: list[CaseResult]) -> str:
    """Show what ours is by the bare broker's, and what there is of ours alone."""
    return figures(
        cases,
        (
            ("frames", _fanned(lambda found: found.frames)),
            ("bytes", _fanned(lambda found: found.frame_bytes)),
            ("deliveries by the bare broker's", _fanned(lambda found: found.share)),
            ("the same for a core-second", _fanned(lambda found: found.per_core_share)),
            (
                "the same while a frame goes out",
                _fanned(lambda found: found.going_out_share),
            ),
            ("worker → last viewer p50 ms", _fanned(lambda found: p50(found.relayed))),
            ("p99 ms", _fanned(lambda found: p99(found.relayed))),
            ("workers' cores", _fanned(lambda found: found.worker_cores)),
            ("system cores", cpu),
        ),
    )


def _fanned(read: Callable[[FanOut], float | None]) -> Read:
    return lambda run: read(run.fan_out) if run.fan_out else None


def _side(name: str, read: _OfSide) -> Read:
    def of_side(run: CaseRun) -> float | None:
        if run.fan_out is None:
            return None
        side = run.fan_out.ours if name == _OURS else run.fan_out.bare
        return read(run.fan_out, side) if side else None

    return of_side


def _stormed(read: Callable[[Storm], float | None]) -> Read:
    return lambda run: read(run.storm) if run.storm else None


def _thrown_off(read: Callable[[Storm], float | None]) -> Read:
    return _stormed(lambda found: read(found) if found.lost else None)


def _booked(read: Callable[..., float]) -> Read:
    return lambda run: read(run.book) if run.book else None


def _ours_cores(run: CaseRun) -> float | None:
    used = [one.cpu_cores for one in run.usage if one.name in {GENERATOR, AUDIENCE}]
    return sum(used) if used else None
