"""What is done to links: main ↔ cluster, client ↔ cluster, ingest ↔ Kafka."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from tests.faults.fault import Done, Fault, Hit
from tests.faults.linked import CLUSTERS, KAFKA, MAIN, Link, Linked
from tests.faults.scene import Scene
from tests.faults.viewers import Joined

CUT_S = 60.0
SILENT_S = 20.0
DELAYED_S = 15.0
DELAY_S = 0.2
RESETTING_S = 15.0
RESET_SHARE = 0.05
"""Of the connections, each second."""

_RESET_WITHIN_S = 90.0
"""So long it goes on until one was reset: few connections are there."""

Harm = Callable[[Link, Scene], None]


def _cut(link: Link, _: Scene) -> None:
    link.cut()
    time.sleep(CUT_S)


def _fall_silent(link: Link, _: Scene) -> None:
    link.fall_silent()
    time.sleep(SILENT_S)


def _delay(link: Link, scene: Scene) -> None:
    """Who is there already hardly feels it: so somebody comes meanwhile."""
    over_s = time.monotonic() + DELAYED_S
    link.delay(DELAY_S)
    room = scene.senders.rooms[0]
    with Joined("who came meanwhile", room, scene.stack.url) as newcomer:
        scene.wait_for(lambda: newcomer.sight.total(room) > 0, "a newcomer's frame")
    time.sleep(max(0, over_s - time.monotonic()))


def _reset_some(link: Link, scene: Scene) -> None:
    before = link.resets
    link.reset_some(RESET_SHARE, scene.chance)
    time.sleep(RESETTING_S)
    scene.wait_for(lambda: link.resets > before, "a reset", _RESET_WITHIN_S)


def _harm(name: str, harm: Harm, scene: Scene) -> Done:
    """Do harm to a link, and heal it."""
    assert isinstance(scene, Linked)
    link = scene.links[name]
    connections, resets = link.connections, link.resets
    began_s = time.monotonic()
    with _healed(link):
        harm(link, scene)
        over_s = time.monotonic()
    note = f"{connections} connections"
    if link.resets > resets:
        note += f", {link.resets - resets} resets"
    # Without a connection there was nothing to harm.
    hit = Hit.NOT_AIMED if connections else Hit.MISSED
    return Done(began_s, over_s, hit, note)


@contextmanager
def _healed(link: Link) -> Iterator[None]:
    try:
        yield
    finally:
        link.heal()


_HARMS: dict[str, Harm] = {
    f"cut for {CUT_S:.0f} s": _cut,
    f"half-open for {SILENT_S:.0f} s": _fall_silent,
    f"{DELAY_S * 1000:.0f} ms later, both ways": _delay,
    f"{RESET_SHARE:.0%} of connections reset each second": _reset_some,
}

FAULTS = tuple(
    Fault("links", f"{link}, {name}", partial(_harm, link, harm), setting="links")
    for link in (MAIN, CLUSTERS, KAFKA)
    for name, harm in _HARMS.items()
)
