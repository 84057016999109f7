"""The rules for what counts, carries and witnesses: stream, bridge and auditor."""

from collections.abc import Iterator

from compose.settings import variable
from compose.status.auditor_facts import AuditorFacts
from compose.status.facts import Lag, Status
from compose.status.verdict import Finding, is_down, not_running, operated_by
from compose.topology import AUDITOR, BRIDGE, KAFKA, MAIN, STREAM

PULSE_AGE_MAX_S = 6.0
"""Without a pulse for that long, a viewer calls what it shows stale."""

BEHIND_MAX_S = 10.0
"""More than a healthy trigger or poll takes, on a busy machine too."""


def stream(status: Status) -> Iterator[Finding]:
    """Tell whether reactions are counted, and none is lost."""
    # Without Kafka it ends, and is started again until it is back.
    yield from not_running(status.process(STREAM), may_come_of=(KAFKA,))
    yield from _losses(status)
    facts = status.stream
    if facts is None or is_down(status, STREAM):
        return
    log = f"`{operated_by(status)} logs {STREAM}`"
    if facts.problem:
        text = f"stream does not say how it is: {facts.problem}."
        yield _hangs_on_kafka("no_metrics", text)
    elif facts.last_pulse_age_s is None:
        yield _hangs_on_kafka("no_pulse", "stream has not sent a pulse since it runs.")
    elif facts.last_pulse_age_s > PULSE_AGE_MAX_S:
        text = f"stream has sent no pulse for {facts.last_pulse_age_s:.0f} s: a trigger"
        text += f" is stuck, or stream itself; {log} may say why."
        yield _hangs_on_kafka("no_pulse", text)
    if facts.is_looking_for_rejects is False:
        text = "stream does not find rejects now: its query for them has ended and is"
        text += f" started again; {log} says why. Reactions are counted all the same."
        yield _hangs_on_kafka("no_rejects", text)
    if behind := _behind(status.kafka.stream_lag if status.kafka else None):
        text = f"stream is {behind} of reactions are not counted yet."
        yield _hangs_on_kafka("behind", text)


def bridge(status: Status) -> Iterator[Finding]:
    """Tell whether frames travel from Kafka to the main broker."""
    yield from not_running(status.process(BRIDGE))
    facts = status.bridge
    if facts is None or is_down(status, BRIDGE):
        return
    if facts.problem:
        text = f"bridge does not say how it is: {facts.problem}."
        yield Finding(part=BRIDGE, problem="no_metrics", text=text)
    if facts.is_kafka_up is False:
        text = "bridge does not reach Kafka: no frame comes."
        yield Finding(part=BRIDGE, problem="no_kafka", text=text, may_come_of=(KAFKA,))
    if facts.is_main_up is False:
        text = "bridge does not reach the main broker: no frame travels."
        yield Finding(part=BRIDGE, problem="no_main", text=text, may_come_of=(MAIN,))
    if behind := _behind(status.kafka.bridge_lag if status.kafka else None):
        text = f"bridge is {behind} of frames have not travelled yet."
        yield Finding(
            part=BRIDGE, problem="behind", text=text, may_come_of=(KAFKA, MAIN)
        )
    if facts.frames_refused:
        text = f"The main broker has refused {facts.frames_refused} frames:"
        text += f" `{operated_by(status)} down` and `up` render its rights and limits"
        text += " anew."
        yield Finding(part=BRIDGE, problem="frames_refused", text=text, passes=False)
    if facts.records_unreadable:
        text = f"bridge has passed over {facts.records_unreadable} records of frames"
        text += " that are none: something else writes to that topic."
        yield Finding(part=BRIDGE, problem="no_frames", text=text, passes=False)


def auditor(status: Status) -> Iterator[Finding]:
    """Tell whether every stored reaction is counted once, as far as is known."""
    # Without Kafka it may end, and is started again.
    yield from not_running(status.process(AUDITOR), may_come_of=(KAFKA,))
    facts = status.auditor
    if facts is None or is_down(status, AUDITOR):
        return
    if facts.problem:
        text = f"auditor does not say how it is: {facts.problem}."
        yield _of_auditor("no_answer", text)
    elif (facts.behind_s or 0) > BEHIND_MAX_S:
        text = f"auditor is {facts.behind_s:.0f} s behind: whether all is counted is"
        text += " not known."
        yield _of_auditor("behind", text)
    if facts.unread_lost:
        text = f"Kafka has deleted {facts.unread_lost:,} records that auditor had not"
        text += " read: for them there is no witness."
        yield Finding(part=AUDITOR, problem="unread_lost", text=text, passes=False)
    if facts.rooms_wrong:
        yield Finding(
            part=AUDITOR,
            problem="books_wrong",
            text=_wrong_books(facts),
            may_come_of=(KAFKA, STREAM),
            passes=False,
        )


def _wrong_books(facts: AuditorFacts) -> str:
    rooms = "1 room" if facts.rooms_wrong == 1 else f"{facts.rooms_wrong} rooms"
    text = f"The books of {rooms} do not balance"
    if facts.worst_room is None or facts.worst_difference is None:
        return f"{text}: `emostream ledger` names them."
    room, wrongs = facts.worst_room, []
    if missing := facts.worst_difference:
        how = "few" if missing > 0 else "many"
        wrongs.append(f"too {how} are counted, by {abs(missing):,}")
    if total_off := facts.worst_total_difference:
        how = "more" if total_off > 0 else "less"
        wrongs.append(f"the total is {abs(total_off):,} {how} than frames have counted")
    if not wrongs:
        return f"{text}: `emostream ledger {room}` says in which minute one is off."
    says = "says in which minute" if missing else "shows it"
    text += f": of {room} {' and '.join(wrongs)};"
    return f"{text} `emostream ledger {room}` {says}."


def _of_auditor(problem: str, text: str) -> Finding:
    return Finding(part=AUDITOR, problem=problem, text=text, may_come_of=(KAFKA,))


def _losses(status: Status) -> Iterator[Finding]:
    """Tell what will never be counted; this does not pass."""
    dropped = (status.stream and status.stream.rows_dropped) or {}
    rows = sum(rows or 0 for rows in dropped.values())
    if rows:
        text = f"stream has lost {rows} rows behind the watermark: the clock was set"
        text += f" back, or {variable('stream_dedupe_s')} is too short."
        yield Finding(part=STREAM, problem="rows_dropped", text=text, passes=False)
    lag = status.kafka and status.kafka.stream_lag
    if lag and lag.lost_records:
        text = f"Kafka has deleted {lag.lost_records:,} records of reactions that"
        text += " stream had not counted:"
        text += f" raise {variable('reactions_retention_bytes')}."
        yield Finding(part=STREAM, problem="unread_lost", text=text, passes=False)


def _hangs_on_kafka(problem: str, text: str) -> Finding:
    return Finding(part=STREAM, problem=problem, text=text, may_come_of=(KAFKA,))


def _behind(lag: Lag | None) -> str | None:
    """Say how far behind a reader is, if too far."""
    if lag is None or (lag.behind_s or 0) <= BEHIND_MAX_S:
        return None
    return f"{lag.behind_s:.0f} s behind: {lag.records:,} records"
