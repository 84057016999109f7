"""Faults of the brokers, main and the clusters', and of the clusters' workers."""

import time

from compose.settings import Settings
from tests.faults.blows import Victim, hang, kill, take_away, victim
from tests.faults.fault import Done, Fault
from tests.faults.main_ear import retained_frames
from tests.faults.scene import Scene

MAIN = "mosquitto-main"
AWAY_S = 60.0
WORKER_HANGS_S = 10.0
"""Its peers wait for three seconds."""

BROKER_HANGS_S = (10.0, 30.0)
"""The library gives a broker up that was silent for 20 s."""

QUIET_S = 5.0
"""Without a new frame: more than two windows."""

_LOOK_EVERY_S = 0.5


def kill_main(scene: Scene) -> Done:
    """Kill it while frames pass."""
    return kill(victim(scene, MAIN))


def kill_main_in_quiet(scene: Scene) -> Done:
    """Kill it while nobody reacts, and wait until it has all frames again.

    Brokers keep nothing, and no new frame will come: the bridge has to say them again.
    """
    settings = Settings.from_environment(scene.environment)
    scene.senders.hold()
    try:
        known = _quiet_frames(scene, settings)
        done = kill(victim(scene, MAIN), note=f"{len(known)} rooms")
        scene.wait_for(lambda: retained_frames(settings) == known, "main made whole")
    finally:
        scene.senders.release()
    return done


def take_main_away(scene: Scene) -> Done:
    """Have it away for long."""
    return take_away(scene, MAIN, AWAY_S)


def kill_broker(scene: Scene) -> Done:
    """Kill the broker of a cluster."""
    name = _cluster(scene)
    return kill(victim(scene, name), note=name)


def hang_broker(scene: Scene) -> Done:
    """Have the broker of a cluster hang, for shorter or longer than clients wait."""
    name, for_s = _cluster(scene), scene.chance.choice(BROKER_HANGS_S)
    return hang(victim(scene, name), for_s, note=f"{name} for {for_s:.0f} s")


def kill_worker(scene: Scene) -> Done:
    """Kill a worker of a cluster."""
    name = scene.chance.choice(_workers(scene, _cluster(scene)))
    return kill(victim(scene, name), note=name)


def hang_worker(scene: Scene) -> Done:
    """Have a worker hang until long after its peers have taken its slots."""
    name = scene.chance.choice(_workers(scene, _cluster(scene)))
    return hang(victim(scene, name), WORKER_HANGS_S, note=name)


def kill_all_workers(scene: Scene) -> Done:
    """Kill all workers of a cluster at once."""
    name = _cluster(scene)
    return kill(_all_workers(scene, name), note=f"of {name}")


def hang_all_workers(scene: Scene) -> Done:
    """Have all workers of a cluster hang at once."""
    name = _cluster(scene)
    return hang(_all_workers(scene, name), WORKER_HANGS_S, note=f"of {name}")


def _quiet_frames(scene: Scene, settings: Settings) -> dict[str, bytes]:
    """Return what main has of each room, once that has not changed for a while."""
    known: dict[str, bytes] = {}
    since_s = time.monotonic()

    def is_quiet() -> bool:
        nonlocal known, since_s
        time.sleep(_LOOK_EVERY_S)
        if (found := retained_frames(settings)) != known or not found:
            known, since_s = found, time.monotonic()
        return time.monotonic() - since_s > QUIET_S

    scene.wait_for(is_quiet, "quiet rooms")
    return known


def _cluster(scene: Scene) -> str:
    clusters = Settings.from_environment(scene.environment).clusters
    return f"cluster-{scene.chance.randint(1, clusters)}"


def _workers(scene: Scene, cluster: str) -> list[str]:
    workers = Settings.from_environment(scene.environment).workers
    return [f"{cluster}-worker-{number + 1}" for number in range(workers)]


def _all_workers(scene: Scene, cluster: str) -> Victim:
    return victim(scene, *_workers(scene, cluster))


FAULTS = (
    Fault("main", "kill -9 while rooms are busy", kill_main, is_main=True),
    Fault("main", "kill -9 while rooms are quiet", kill_main_in_quiet),
    Fault("main", f"away {AWAY_S:.0f} s", take_main_away),
    Fault("cluster", "kill -9 of the broker", kill_broker, is_main=True),
    Fault("cluster", "SIGSTOP of the broker 10 or 30 s", hang_broker),
    Fault("cluster", "kill -9 of a worker", kill_worker),
    Fault("cluster", f"SIGSTOP of a worker {WORKER_HANGS_S:.0f} s", hang_worker),
    Fault("cluster", "kill -9 of all its workers", kill_all_workers, is_main=True),
    Fault(
        "cluster",
        f"SIGSTOP of all its workers {WORKER_HANGS_S:.0f} s",
        hang_all_workers,
    ),
)
