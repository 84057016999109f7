"""`python -m tests.load`: measure, write JSON, and say what came of it.

Ends with 0 if all went right, 1 if a run was invalid or the system did wrong, 2 if
the command line cannot be used, 130 after Ctrl-C (what was measured is kept).
"""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from compose.settings import BadSetting
from tests.load import options, report
from tests.load.bench import Bench
from tests.load.measured import Result
from tests.load.system import NotUp

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = options.parser()
    chosen = parser.parse_args(arguments)
    if chosen.list:
        print(options.names())
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does
    try:
        bench = Bench(options.order(chosen), lambda line: print(line, flush=True))
    except (ValueError, BadSetting) as error:
        parser.error(str(error))
    code = 1
    try:
        code = _run(bench)
    finally:  # whatever ended it: what was measured is kept
        code = _conclude(bench.result(), chosen.out) or code
    return code


def _run(bench: Bench) -> int:
    """Measure, and return what went wrong on the way as an exit code."""
    try:
        bench.run()
    except KeyboardInterrupt:
        print("Interrupted; this was measured:", file=sys.stderr)
        return _INTERRUPTED
    except NotUp as error:
        print(error, *getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
        return 1
    return 0


def _conclude(result: Result, out: Path | None) -> int:
    """Write the result down, show it, and return 1 if anything in it is wrong."""
    if out:
        out.write_bytes(result.to_json())
    print(report.table(result))
    if result.complete:
        report.publish(result)
    return 0 if result.is_sound else 1


if __name__ == "__main__":
    sys.exit(main())
