"""What is wrong with what was seen. Pure."""

from collections.abc import Iterator, Mapping

from clients.sender import Accepted, Refused, Unknown
from clients.verify.plan import BAD_EMOJI_REASON, Plan, Posted
from stream.auditor.ledger import RoomLedger
from stream.frame import Frame


def post_problem(posted: Posted) -> str:
    """Say why a batch was not taken as it should be; nothing if it was."""
    batch = posted.batch
    match posted.outcome:
        case Accepted(count=count, rejected=rejected):
            due = {BAD_EMOJI_REASON: batch.bad} if batch.bad else {}
            if count == batch.size and dict(rejected) == due:
                return ""
            left_out = f" ({_counts(rejected)} left out)" if rejected else ""
            return f"{count} of {batch.size} {batch.emoji} were accepted{left_out}"
        case Refused(label=label, help=help_):
            return f"{batch.emoji} refused: {label}: {help_}"
        case Unknown():
            return f"{batch.emoji} has no certain answer"


def totals_problem(wanted: Mapping[str, int], frame: Frame | None) -> str:
    """Say in what a frame's totals are not what was sent; nothing if they are."""
    if frame is None:
        return "no frame"
    if frame.totals == wanted and frame.total == sum(wanted.values()):
        return ""
    shown = {**dict.fromkeys(wanted, 0), **frame.totals}
    differing = [
        f"{emoji} {count} instead of {wanted.get(emoji, 0)}"
        for emoji, count in shown.items()
        if count != wanted.get(emoji, 0)
    ]
    return f"total {frame.total} instead of {sum(wanted.values())}" + (
        f": {', '.join(differing)}" if differing else ""
    )


def ledger_problems(plan: Plan, ledger: RoomLedger) -> Iterator[str]:
    """Say in what a room's ledger is not what was sent.

    A POST that had to be sent again for want of an answer may be in it once more: what
    it says of copies and refusals may be more, never less. Nothing else may differ.
    """
    total, whole = plan.total, ledger.sum
    if whole.stored - whole.repeated != total:
        yield f"{whole.stored} stored, {whole.repeated} of them repeated: not {total}"
    if whole.repeated < plan.repeated:
        yield f"{whole.repeated} repeated instead of {plan.repeated}"
    for name in ("unreadable", "overdue", "late", "difference"):
        if count := getattr(whole, name):
            yield f"{name} {count} instead of 0"
    for name, count in (("counted", whole.counted), ("total", ledger.total)):
        if count != total:
            yield f"{name} {count} instead of {total}"
    yield from _intake_problems(plan, ledger)


def _intake_problems(plan: Plan, ledger: RoomLedger) -> Iterator[str]:
    """Compare what the servers say that they did; they need not know it all."""
    whole = ledger.sum
    if not whole.is_exact:
        return
    if not whole.stored - whole.unknown <= whole.accepted <= whole.stored:
        yield f"{whole.accepted} accepted, {whole.stored} stored"
    read = plan.total + plan.repeated + plan.bad
    posts = len(plan.sent) + len(plan.refused)
    for name, count in (("posts", posts), ("received", read)):
        if getattr(whole, name) < count:
            yield f"{name} {getattr(whole, name)} instead of {count}"
    for bad in plan.refused:
        if not whole.refused.get(bad.label):
            yield f"no POST refused as {bad.label}"
    left_out = whole.rejected.get(BAD_EMOJI_REASON, 0)
    if left_out < plan.bad:
        yield f"{left_out} reactions left out instead of {plan.bad}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())
