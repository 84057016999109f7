"""`python -m tests.load.beside`: the containers beside the processes, in one run.

Both are the same system on the same two cores, so only one is up at a time: started,
warmed up, measured, and stopped; then the other. Now one goes first and now the other.
Writes `docs/containers.json`, and `docs/benchmarks.md`
anew.

Ends with 0 if all was valid and right, 1 if not, or if a system did not start, 130
after Ctrl-C, with what ran stopped.
"""

import argparse
import datetime as dt
import signal
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from compose.settings import Settings
from tests.containers.stack import IMAGES, Containers
from tests.integration.processes import LOOPBACK
from tests.load import machine, report, runs, summary
from tests.load.bench import case_result
from tests.load.cases import CASES, WARM_UP
from tests.load.measured import CaseResult, CaseRun
from tests.load.reporting import sides
from tests.load.sides import RESULT, Side, Sides
from tests.load.system import NotUp, System, own_stack, system_of
from tests.load.targets import PEAK, STEADY
from tests.system.stack import Stack

_INTERRUPTED = 130

REPEATS = 5

_NAMED = {case.name: case for case in CASES}
_STEADY, _PEAK = _NAMED[STEADY], _NAMED[PEAK]

COMPARED = (_STEADY, _PEAK)

WARM_UPS = (WARM_UP, _STEADY, _PEAK, _PEAK, _PEAK)
"""At ten times the rate Java compiles anew, for minutes; what is measured then is the
compiler."""

MEASURED = (_STEADY, _PEAK, _PEAK)
"""At the end of what the cores take p99 wanders by twice, so it is asked twice."""

Say = Callable[[str], None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.load.beside",
        description="Measure containers beside processes.",
    )
    parser.add_argument("--repeats", type=int, default=REPEATS)
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does
    try:
        found = measure(chosen.repeats, lambda line: print(line, flush=True))
    except NotUp as error:
        print(error, *getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return _INTERRUPTED
    print(sides.sides(found))
    if chosen.repeats >= REPEATS:
        RESULT.write_bytes(found.to_json())
        report.rewrite()
    return 0 if found.is_sound else 1


def measure(repeats: int, say: Say) -> Sides:
    """Measure both sides so often.

    Raises:
        NotUp: If a system does not start, or does not stop.
    """
    around = machine.look(Settings.load().jars_dir)
    taken_at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    kinds: Mapping[str, type[Stack]] = {"processes": Stack, "containers": Containers}
    ready_s: defaultdict[str, list[float]] = defaultdict(list)
    found: defaultdict[tuple[str, str], list[CaseRun]] = defaultdict(list)
    sizes: dict[str, float] = {}
    for turn in range(repeats):
        for name in sorted(kinds, reverse=turn % 2 == 0):
            say(f"{name}, {turn + 1} of {repeats}: starting")
            with own_stack({}, kinds[name]) as (stack, took_s):
                ready_s[name].append(took_s)
                system = _system(stack)
                if isinstance(stack, Containers):
                    sizes = {image: stack.size_mib(image) for image in IMAGES}
                for case in WARM_UPS:
                    runs.repeat(case, system, turn=0)
                for case in MEASURED:
                    run = runs.repeat(case, system, turn)
                    found[name, case.name].append(run)
                    say(f"  {case.name}: {summary.of_run(run)}")
    processes, containers = (
        Side(ready_s=tuple(ready_s[name]), cases=tuple(_results(name, found)))
        for name in kinds
    )
    return Sides(taken_at, around, processes, containers, sizes)


def _results(
    name: str, found: Mapping[tuple[str, str], Sequence[CaseRun]]
) -> Iterator[CaseResult]:
    for case in COMPARED:
        yield case_result(case, found[name, case.name])


def _system(stack: Stack) -> System:
    if not isinstance(stack, Containers):
        return system_of(stack)
    return System(
        *(LOOPBACK, stack.http_port),
        *(LOOPBACK, stack.cluster_ports[0]),
        pids=stack.pids(),
    )


if __name__ == "__main__":
    sys.exit(main())
