"""How it was measured, in words that a sceptic can check."""

from tests.load.measured import CaseRun, Machine, Result
from tests.load.reporting.crowds import WHAT_THEY_ARE
from tests.load.reporting.text import number

_HOW = """\
- **The load is open.** Each POST has a time at which it is due, fixed before the run.
  If the system is late, the next POSTs are sent all the same, and latency is counted
  from when a POST was due. A slow system shows as latency, never as a lower rate.
- **The generator is watched.** A POST that was sent more than 10 ms after its time is
  late. If more than 1 % are, or the generator was busy all the time, the run is
  invalid: it stays in the tables, marked, and proves nothing. Targets are judged by
  valid runs alone; where a case has none, its target is neither met nor missed, and
  says so.
- **Tap → frame** is what a person sees: from when a tap in a room of its own was due
  until a plain MQTT subscriber of a cluster broker has the frame that counts it. The
  taps are sent during the load; sender and viewer share a clock.
{clients}{crowds}\
- **Accepted = counted** is checked after every run: the rooms' totals have to be what
  was answered 202, and may exceed it by what got no certain answer. A run where they
  are not is marked wrong, however fast it was.
- **Too much** was offered where more than 1 % of the POSTs waited for one of the
  generator's connections, since all of them waited for answers. Its figures say what
  the machine takes, and how long what it cannot take waits.
- **CPU** is what the kernel booked to each process and its children in the measured
  time, user and system; it is not sampled. Network work that the kernel does in its own
  name is in no process.
- **Memory** is each process' peak of resident memory, added up. What processes share
  is counted more than once: the sum is more than what is used.
- **Everything runs on this one machine**, the generator too. It takes cores from the
  system; what it takes is in the tables, but not in the system's sum.
- **The start of each run is left out** ({warmup}), and each system is under load for
  40 s before its first: a JVM compiles that long. Each case is run once, then each
  again: a machine that slows down widens all spreads and shifts none. A figure is the
  median, and the least and the greatest of the repeats stand in brackets.
"""

_WITH_CROWDS = {"crowd", "fan-out", "join-storm", "reconnect-storm"}

_CLIENTS = """\
- **Tap → client** is the same until a registered client has the frame: of each cluster
  one, which joined as any client does and gets what its worker relays. **Worker →
  client** begins with the time that the worker gave the frame, in whole milliseconds:
  up to one of them is not the hop's.
- **The room of 1,000 registered clients** has a connection for each, all in one process
  beside the generator. A frame has arrived when the kernel has it at the client's
  socket, and is read a little later, when no broker still needs the core. *First to
  last relay* is between the times that a cluster's workers gave the frame, *first to
  last arrival* is over all clients of the cluster. A frame that one client got and
  another did not makes the run wrong.
"""


def method(result: Result) -> str:
    """Describe how this result was measured."""
    warmups = sorted({case.warmup_s for case in result.cases if case.kind == "load"})
    told = " to ".join(f"{number(one)} s" for one in dict.fromkeys(_ends(warmups)))
    repeats = sorted({len(case.repeats) for case in result.cases})
    measured = sorted(round(run.measured_s) for run in _runs(result))
    had_crowds = any(case.kind in _WITH_CROWDS for case in result.cases)
    had_clients = any(run.registered for run in _runs(result))
    said = _HOW.format(
        warmup=told or "there was no load",
        clients=_CLIENTS if had_clients else "",
        crowds=WHAT_THEY_ARE if had_crowds else "",
    )
    spans = " to ".join(str(one) for one in dict.fromkeys(_ends(measured)))
    times = " to ".join(str(one) for one in dict.fromkeys(_ends(repeats)))
    return f"{said}\nRepeats: {times}, of {spans} s each.\n"


def machine(found: Machine) -> str:
    """Describe what it was measured on and with."""
    versions = ", ".join(f"{name} {text}" for name, text in found.versions.items())
    return (
        f"{found.cpus} cores ({found.model}), {found.memory_mib / 1024:.1f} GiB,"
        f" Linux {found.kernel}; {versions}.\n"
    )


def doubts(result: Result) -> str:
    """Say why the whole result should not be quoted, if there are reasons."""
    reasons = []
    if result.machine.is_busy:
        load = number(result.machine.load_before)
        reasons.append(f"others kept {load} cores of the machine busy before it")
    if not result.complete:
        reasons.append("it was interrupted, or only some cases were asked for")
    bad = [case.name for case in result.cases if not case.is_valid]
    if bad:
        reasons.append(f"runs were invalid: {', '.join(bad)}")
    wrong = [case.name for case in result.cases if not case.is_right]
    if wrong:
        reasons.append(f"the system did something wrong: {', '.join(wrong)}")
    return f"**Not to be quoted:** {'; '.join(reasons)}.\n" if reasons else ""


def _runs(result: Result) -> list[CaseRun]:
    loads = [case for case in result.cases if case.kind in {"load", "maximum"}]
    return [run for case in loads for run in case.repeats]


def _ends(values: list[int] | list[float]) -> list[float]:
    return [values[0], values[-1]] if values else []
