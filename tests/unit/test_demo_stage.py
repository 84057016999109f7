"""What is shown while a demo goes on: with scripted events, and a crowd that tells."""

from collections.abc import Iterator, Mapping

import pytest
from msgspec.structs import replace

from clients.crowd.progress import Phase, Progress
from clients.crowd.timeline import Timeline
from clients.event import Connected, Event, Message, Tick
from compose.demo.director import Director
from compose.demo.scene import Scene
from compose.demo.screen import PlainScreen
from compose.demo.stage import Replay, Stage
from compose.demo.wish import MATCH, Wish
from compose.supervision.rpc import ProcessInfo
from mosquitto.topic import room_frame
from tests.frames import hearts

ROOM = "demo-1"
APART_S = 0.125
"""Less than the picture stays as it is where nothing comes."""

TOLD = Progress(
    phase=Phase.SENDING,
    at_s=5,
    of_s=60,
    expected=200,
    joined=199,
    sent=1000,
    accepted=900,
    before=100,
)


class Noting(PlainScreen):
    """Keeps what it is to show."""

    def __init__(self) -> None:
        self.scenes: list[Scene] = []

    def show(self, scene: Scene) -> None:
        self.scenes.append(scene)


class Play:
    """A stage, and what it is told."""

    def __init__(self) -> None:
        self.screen = Noting()
        director = Director(self._kill, self._mark, spares_others=True)
        replay = Replay(Wish(room=ROOM), Timeline.load(MATCH))
        self.stage = Stage(replay, director, self._processes, self.screen)

    def see(self, *told: tuple[Progress, int]) -> list[Scene]:
        """Show what the crowd tells, and then the room's total, each time."""
        self.stage.run(self._events(told))
        return self.screen.scenes

    def _events(self, told: tuple[tuple[Progress, int], ...]) -> Iterator[Event]:
        yield Connected(0.0)
        for seq, (progress, total) in enumerate(told, 1):
            self.stage.told(progress)
            yield self._frame(seq, total)
        self.stage.end()
        yield Tick((len(told) + 1) * APART_S)

    @staticmethod
    def _frame(seq: int, total: int) -> Message:
        payload = hearts(total, seq=seq, room=ROOM, start_ms=2000 * seq).encode()
        topic = room_frame(ROOM)
        at_s = seq * APART_S
        return Message(at_s, topic, payload, retained=False, bridge_ms=None, here_ms=0)

    def _processes(self) -> Mapping[str, ProcessInfo]:
        return {}

    def _kill(self, _: int) -> None:
        raise AssertionError

    def _mark(self, _: float) -> None:
        raise AssertionError


@pytest.mark.parametrize("total", [600, 1050, 1250])
def test_each_figure_is_shown_as_who_knows_it_said_it(total: int) -> None:
    shown = Play().see((TOLD, total))[-1]

    assert (shown.sent, shown.accepted, shown.counted) == (1000, 900, total - 100)
    assert shown.is_sound


def test_a_frame_is_shown_when_it_comes() -> None:
    shown = Play().see((TOLD, 600), (TOLD, 700), (TOLD, 800))

    assert {500, 600, 700} <= {scene.counted for scene in shown}


def test_more_counted_than_sent_is_shown_while_it_goes_on() -> None:
    words = [replace(TOLD, sent=1000 + 10 * turn) for turn in range(6)]
    shown = Play().see(*((word, 2100 + turn) for turn, word in enumerate(words)))

    assert shown[0].is_sound
    assert not shown[-1].is_sound
    assert shown[-1].surplus >= 2000 - 1050


def test_a_crowd_that_has_left_is_not_what_it_came_to() -> None:
    play = Play()
    leaving = replace(TOLD, phase=Phase.LEAVING, joined=0)
    play.see((TOLD, 600), (leaving, 600))

    assert play.stage.last == TOLD
