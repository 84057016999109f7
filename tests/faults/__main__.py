"""`python -m tests.faults`: every part killed, hung, cut off and filled up.

Ends with 0 if all promises were kept, 1 if one was broken, 2 if the command line
cannot be used, 130 after Ctrl-C (what was found is shown).
"""

import argparse
import random
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests import java
from tests.faults import lanes, report
from tests.faults.campaign import Campaign
from tests.faults.catalogue import faults
from tests.faults.fault import Fault
from tests.faults.lanes import LaneGone
from tests.faults.plan import TRIALS, NothingChosen, chosen
from tests.faults.results import Result
from tests.faults.running import say

MINUTES = 110
"""After so long no trial is begun; what began then and is looked at takes the rest."""

_INTERRUPTED = 130
_ALL = "*"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        wanted = chosen(faults(), options.only, quick=options.quick)
    except NothingChosen as error:
        parser.error(str(error))
    if options.list:
        print(*map(_described, wanted), sep="\n")
        return 0
    if options.seed is None:
        options.seed = random.randrange(10**6)
    say(f"seed {options.seed}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does
    java.short_lived()
    is_all = options.only == [_ALL] and not options.quick
    try:
        result, is_interrupted = _all(options) if is_all else _some(options, wanted)
    except LaneGone as error:
        say(f"{error}; what it said is above")
        return 1
    is_cut = is_interrupted or bool(result.left_out)
    is_whole = is_all and not is_cut and options.trials >= TRIALS
    code = _conclude(result, options.json, publish=is_whole)
    return _INTERRUPTED if is_interrupted else code


def _all(options: argparse.Namespace) -> tuple[Result, bool]:
    given = {name: getattr(options, name) for name in ("trials", "seed", "minutes")}
    words = [word for name in given for word in (f"--{name}", f"{given[name]}")]
    return lanes.run([*words, *(["--step-clock"] if options.step_clock else [])])


def _some(options: argparse.Namespace, wanted: Sequence[Fault]) -> tuple[Result, bool]:
    campaign = Campaign(
        wanted,
        trials=1 if options.quick else options.trials,
        seed=options.seed,
        within_s=options.minutes * 60,
        may_step_clock=options.step_clock,
    )
    try:
        campaign.run()
    except KeyboardInterrupt:
        say("Interrupted; this was found:")
        return campaign.result, True
    except BaseException:
        _conclude(campaign.result, options.json, publish=False)
        raise
    return campaign.result, False


def _conclude(result: Result, file: Path | None, *, publish: bool) -> int:
    """Show the result, write it down, and return 1 if a promise was broken."""
    raw = msgspec.json.format(msgspec.json.encode(result)) + b"\n"
    if file:
        file.write_bytes(raw)
    say(f"\n{report.table(result)}\n\n{report.summary(result)}")
    if publish:
        report.publish(result, raw)
    return 1 if any(result.failures()) else 0


def _described(fault: Fault) -> str:
    notes = [fault.setting]
    notes += ["main"] if fault.is_main else []
    notes += ["a sender dies, too"] if fault.kills_senders else []
    return f"{fault.title} ({', '.join(notes)})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    add = parser.add_argument
    add("--trials", type=_positive, default=TRIALS, help="of each fault")
    add("--seed", type=int, help="of all that is random; printed if not given")
    add(
        "--only",
        nargs="+",
        default=[_ALL],
        metavar="PATTERN",
        help="of part/fault: 'bridge/*'",
    )
    add("--quick", action="store_true", help="each main fault, once")
    add("--list", action="store_true", help="show the faults, and start nothing")
    add("--json", type=Path, metavar="FILE", help="write all that was found")
    add("--minutes", type=_positive, default=MINUTES, help="no trial begins later")
    add(
        "--step-clock",
        action="store_true",
        help="set this machine's clock wrong by 5 s; nothing else may run here",
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
