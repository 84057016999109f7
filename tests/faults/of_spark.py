"""Faults of the stream: its driver and its JVM, killed and hung.

A backlog and a deleted checkpoint are in `of_data`.
"""

from contextlib import closing

from compose.settings import Settings
from tests.faults.aims import Moment, shoot
from tests.faults.blows import Victim, hang, kill, processes_of, victim
from tests.faults.fault import Done, Fault, Hit
from tests.faults.frames_tail import FramesTail
from tests.faults.scene import Scene

STREAM = "stream"
HANGS_S = 10.0

AIMED = 6
"""Kills: at least five are to hit."""

_READABLE_WITHIN_S = 0.05
"""What Kafka is granted to make frames readable once their transaction is to end."""


class CommitGap:
    """From when a trigger's frames can be read until Spark has it down as done.

    The first sign is a frame in a transaction that is open still.
    """

    def __init__(self, settings: Settings) -> None:
        self._commits = settings.stream_dir / "checkpoint" / "commits"
        self._open = FramesTail(settings, committed=False)
        self._readable = FramesTail(settings, committed=True)
        self._seq = self._read_seq = -1

    def close(self) -> None:
        """Let Kafka go."""
        self._open.close()
        self._readable.close()

    def await_next(self) -> None:
        """Return as soon as the next trigger writes."""
        self._seq = self._open.fresh(self._seq).seq

    def look(self) -> Moment:
        """Tell where that trigger is."""
        if (self._commits / str(self._seq)).exists():
            return Moment.AFTER
        return Moment.INSIDE if self._is_readable() else Moment.BEFORE

    def _is_readable(self) -> bool:
        while self._read_seq < self._seq:
            frame = self._readable.poll(_READABLE_WITHIN_S)
            if frame is None:
                return False
            self._read_seq = frame.seq
        return True


def kill_at_random(scene: Scene) -> Done:
    """Kill the driver, its JVM, or both."""
    driver, *jvm = processes_of(scene, STREAM)
    killed = {"driver": [driver], "JVM": jvm or [driver], "both": [driver, *jvm]}
    whom = scene.chance.choice([*killed])
    return kill(Victim(killed[whom]), note=whom)


def kill_before_commit(scene: Scene) -> Done:
    """Kill both between a trigger's frames and its commit."""
    settings = Settings.from_environment(scene.environment)
    with closing(CommitGap(settings)) as gap:
        shot = shoot(gap, victim(scene, STREAM))
    hit = Hit.HIT if shot.is_hit else Hit.MISSED
    return Done(shot.began_s, shot.killed_s, hit, shot.note)


def stop_and_go(scene: Scene) -> Done:
    """Have driver and JVM hang."""
    return hang(victim(scene, STREAM), HANGS_S)


FAULTS = (
    Fault("spark", "kill -9 of driver, JVM, or both", kill_at_random),
    Fault(
        "spark",
        "kill -9 between frames and commit",
        kill_before_commit,
        is_main=True,
        trials=AIMED,
    ),
    Fault("spark", f"SIGSTOP {HANGS_S:.0f} s", stop_and_go),
)
