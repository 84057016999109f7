"""One trial: load, a fault at a random moment, recovery, and whether all adds up.

Nothing fails for being slow, but for not coming back at all.
"""

import datetime as dt
import random
import time

import msgspec
import psutil
from confluent_kafka import KafkaException

from tests.faults.fault import Fault, NotPossible
from tests.faults.results import Trial
from tests.faults.scene import Scene
from tests.faults.settling import Theatre, settle

PAUSE_MAX_S = 3.0
"""Of the random pause before a fault."""

_LOOK_EVERY_S = 0.3
"""When what was seen, the viewers know by themselves."""


def run(
    theatre: Theatre, fault: Fault, seed: str, pause_max_s: float = PAUSE_MAX_S
) -> Trial:
    """Make one trial; the senders are held at its end, whatever the fault does."""
    scene = theatre.scene
    scene.chance = random.Random(seed)
    trial = Trial(part=fault.part, name=fault.name, seed=seed, at=_now())
    broken: tuple[str, ...] = ()
    theatre.viewers.forget_times()
    scene.senders.cut()
    began_s = time.monotonic()
    scene.senders.release()
    try:
        _news(theatre, began_s)
        time.sleep(scene.chance.uniform(0, pause_max_s))
        trial = _struck(theatre, fault, trial)
    except NotPossible as reason:
        trial = msgspec.structs.replace(trial, impossible=str(reason))
    except (AssertionError, OSError, KafkaException, psutil.Error) as error:
        broken = (f"{type(error).__name__}: {error}",)
    broken += _held(scene)
    book, verdict = settle(theatre)
    return msgspec.structs.replace(
        trial,
        reactions=book.reactions,
        unknown=book.doubtful,
        lost=verdict.lost,
        twice=verdict.twice,
        seconds=round(time.monotonic() - began_s, 1),
        broken=(*broken, *verdict.broken, *theatre.viewers.take_faults()),
    )


def _struck(theatre: Theatre, fault: Fault, trial: Trial) -> Trial:
    """Let it happen, and wait until all are shown what was sent afterwards."""
    senders, at = theatre.scene.senders, _now()
    done = fault.strike(theatre.scene)
    again_s = _news(theatre, done.over_s)
    silence_s = senders.longest_silence_s(done.began_s, time.monotonic())
    return msgspec.structs.replace(
        trial,
        at=at,
        hit=done.hit,
        note=done.note,
        recovery_s=round(again_s - done.over_s, 2),
        silence_s=round(silence_s, 2),
    )


def _news(theatre: Theatre, since_s: float) -> float:
    """Wait until everybody is shown reactions sent after a moment; return when.

    A total above all that was sent before must contain some of them.

    Raises:
        TimeoutError: If that is never seen.
    """
    senders, viewers = theatre.scene.senders, theatre.viewers

    def firsts() -> list[float | None]:
        sent = senders.may_be_stored(since_s)
        return [
            viewers.first_above(room, theatre.total(room) + sent[room])
            for room in senders.rooms
        ]

    theatre.scene.wait_for(
        lambda: None not in firsts(),
        "reactions sent after it are shown to everybody",
        poll_s=_LOOK_EVERY_S,
    )
    return max(filter(None, firsts()))


def _held(scene: Scene) -> tuple[str, ...]:
    try:
        scene.senders.hold()
    except TimeoutError as error:
        return (str(error),)
    return ()


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
