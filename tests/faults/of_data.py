"""Faults of what is sent and kept: poison, copies, clocks, a backlog, a checkpoint.

Those of Spark that are no kill are here, too: all of them are about what it reads.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

from compose.settings import LOOPBACK, Settings
from tests.faults import clock
from tests.faults.blows import has_ended, processes_of, take_away
from tests.faults.fault import Done, Fault
from tests.faults.poisoned import LAST, SHARE, Poisoner
from tests.faults.scene import Scene
from tests.system.observer import Observer
from tests.system.stack import RETURNS_WITHIN_S

STREAM = "stream"
COPIES = 100
DAY_MS = 24 * 3_600_000

_POISON_FOR_S = 20.0
_COPIES_FOR_S = 5.0
_WRONG_FOR_S = 3.0
_LOOK_EVERY_S = 0.5
_ENDS_WITHIN_S = 10.0

_NEAR_MS = 3_600_000
"""No machine is so slow that it shows a frame that is older."""


def poison(scene: Scene) -> Done:
    """Write poison into Kafka while others react; what counts of it is counted."""
    room = f"poison-{scene.chance.getrandbits(32):08x}"
    servers = f"{LOOPBACK}:{scene.stack.kafka_port}"
    began_s = time.monotonic()
    poisoner = Poisoner(servers, scene.senders.rooms, room, scene.chance)
    while time.monotonic() < began_s + _POISON_FOR_S:
        poisoner.keep_up()
        time.sleep(_LOOK_EVERY_S)
    poisoner.close()
    over_s = time.monotonic()
    for port in scene.stack.cluster_ports:
        with Observer(port, room) as seen:
            frame = seen.wait_for(lambda one: LAST in one["totals"], RETURNS_WITHIN_S)
        assert frame["total"] == poisoner.counted, f"{poisoner.counted}, not {frame}"
    return Done(began_s, over_s, note=f"{poisoner.written} records")


def copy(scene: Scene) -> Done:
    """Have each batch sent again and again; over once senders begin new ones."""
    senders = scene.senders
    began_s = time.monotonic()
    with _ordered(scene, f"copies {COPIES}", "copies 1"):
        time.sleep(_COPIES_FOR_S)
    last_s = time.monotonic()
    scene.wait_for(
        lambda: senders.may_be_stored(time.monotonic()) > senders.may_be_stored(last_s),
        "the end of all copies",
    )
    return Done(began_s, time.monotonic())


def mislead(scene: Scene) -> Done:
    """Have senders a day ahead, then a day behind; windows are of Kafka's time."""
    began_s = time.monotonic()
    for wrong_ms in (DAY_MS, -DAY_MS):
        with _ordered(scene, f"clock {wrong_ms}", "clock 0"):
            time.sleep(_WRONG_FOR_S)
            _assert_windows_are_of_now(scene)
    return Done(began_s, time.monotonic())


def fall_behind(scene: Scene, for_s: float) -> Done:
    """Have the stream stopped while all go on reacting."""
    return take_away(scene, STREAM, for_s)


def lose_checkpoint(scene: Scene) -> Done:
    """Delete Spark's checkpoint while it is in use: it recovers once that is seen."""
    settings = Settings.from_environment(scene.environment)
    running = processes_of(scene, STREAM)
    began_s = time.monotonic()
    shutil.rmtree(settings.stream_dir / "checkpoint", ignore_errors=True)
    with suppress(TimeoutError):
        scene.wait_for(
            lambda: has_ended(running[0]), "the stream's end", within_s=_ENDS_WITHIN_S
        )
    return Done(began_s, time.monotonic())


def lose_folder(scene: Scene) -> Done:
    """Delete all that the stream keeps in files while it is down."""
    settings = Settings.from_environment(scene.environment)
    began_s = time.monotonic()
    scene.stack.supervisorctl("stop", STREAM)
    shutil.rmtree(settings.stream_dir)
    over_s = time.monotonic()
    scene.stack.supervisorctl("start", STREAM)
    return Done(began_s, over_s)


@contextmanager
def _ordered(scene: Scene, begin: str, end: str) -> Iterator[None]:
    """Have senders do something else meanwhile."""
    scene.senders.order(begin)
    try:
        yield
    finally:
        scene.senders.order(end)


def _assert_windows_are_of_now(scene: Scene) -> None:
    with Observer(scene.stack.cluster_ports[0], scene.senders.rooms[0]) as seen:
        frame = seen.wait_for(lambda _: True, RETURNS_WITHIN_S)
    off_ms = frame["window_start_ms"] - time.time_ns() // 1_000_000
    assert abs(off_ms) < _NEAR_MS, f"a window {off_ms} ms from now"


FAULTS = (
    Fault("data", f"{SHARE:.0%} poison records in Kafka", poison, is_main=True),
    Fault("data", f"each batch sent {COPIES} times", copy, is_main=True),
    Fault("data", "senders' clocks a day ahead, a day behind", mislead, is_main=True),
    *clock.FAULTS,
    Fault(
        "spark", "restart with a backlog of a minute", partial(fall_behind, for_s=60)
    ),
    Fault(
        "spark",
        "restart with a backlog of 10 minutes",
        partial(fall_behind, for_s=600),
    ),
    Fault("spark", "checkpoint deleted while in use", lose_checkpoint, is_main=True),
    Fault("spark", "checkpoint and epoch deleted while down", lose_folder),
)
