"""Faults of the bridge: killed and hung."""

from contextlib import closing

from confluent_kafka import Consumer, TopicPartition

from compose.settings import Settings
from tests.faults.aims import Moment, shoot
from tests.faults.blows import hang, kill, victim
from tests.faults.fault import Done, Fault, Hit
from tests.faults.frames_tail import FramesTail
from tests.faults.main_ear import listening_to_main
from tests.faults.scene import Scene
from tests.integration.mqtt_peer import Peer

BRIDGE = "bridge"
HANGS_S = (10.0, 20.0)
"""Main gives a connection up that was silent for 15 s."""

_ROOMS = "rooms/+/frame"
_ASK_WITHIN_S = 10.0


class OffsetGap:
    """From when main has a frame until the bridge's offset is beyond it.

    Main acknowledges a frame when it hands it on. The first sign is the frame itself,
    in a transaction that is open still: the bridge has not got it yet.
    """

    def __init__(self, settings: Settings, main: Peer) -> None:
        self._frames = FramesTail(settings, committed=False)
        self._at = TopicPartition(self._frames.topic, 0)
        self._asking = Consumer(
            {
                "bootstrap.servers": settings.bootstrap_servers,
                "group.id": f"{settings.kafka_topic_prefix}bridge",  # never joined
                "enable.auto.commit": False,
                "log_level": 0,
            }
        )
        self._main = main
        main.subscribe(_ROOMS)
        self._committed()  # the first answer takes longer
        self._seq, self._offset, self._payload = -1, -1, b""

    def close(self) -> None:
        """Let Kafka go."""
        self._frames.close()
        self._asking.close()

    def await_next(self) -> None:
        """Return as soon as a trigger writes its first frame."""
        self._main.received.clear()
        frame = self._frames.fresh(self._seq)
        self._seq, self._offset, self._payload = frame.seq, frame.offset, frame.payload

    def look(self) -> Moment:
        """Tell where that frame is."""
        is_at_main = self._is_at_main()
        if self._committed() > self._offset:
            return Moment.AFTER
        return Moment.INSIDE if is_at_main else Moment.BEFORE

    def _is_at_main(self) -> bool:
        self._main.catch_up()
        return self._payload in [bytes(one.payload) for one in self._main.received]

    def _committed(self) -> int:
        (at,) = self._asking.committed([self._at], _ASK_WITHIN_S)
        return at.offset


def kill_at_random(scene: Scene) -> Done:
    """Kill it."""
    return kill(victim(scene, BRIDGE))


def kill_before_commit(scene: Scene) -> Done:
    """Kill it between main's acknowledgement of a frame and its own commit."""
    settings = Settings.from_environment(scene.environment)
    with (
        listening_to_main(settings) as main,
        closing(OffsetGap(settings, main)) as gap,
    ):
        shot = shoot(gap, victim(scene, BRIDGE))
    hit = Hit.HIT if shot.is_hit else Hit.MISSED
    return Done(shot.began_s, shot.killed_s, hit, shot.note)


def stop_and_go(scene: Scene) -> Done:
    """Have it hang, for shorter or longer than main waits for it."""
    return hang(victim(scene, BRIDGE), scene.chance.choice(HANGS_S))


FAULTS = (
    Fault("bridge", "kill -9", kill_at_random),
    Fault(
        "bridge",
        "kill -9 between PUBACK and commit",
        kill_before_commit,
        is_main=True,
    ),
    Fault("bridge", "SIGSTOP 10 or 20 s", stop_and_go),
)
