"""What goes on during a demo, put together: one thread hears, kills, and shows.

The crowd runs in another one, and only leaves its newest progress here.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from clients.crowd.progress import Phase, Progress
from clients.crowd.schedule import Reacting, timetable
from clients.crowd.timeline import Timeline
from clients.event import Event
from compose.demo.director import Director
from compose.demo.happening import Happening, Kind
from compose.demo.kills import Look
from compose.demo.known import Known
from compose.demo.scene import Scene
from compose.demo.screen import Screen
from compose.demo.surplus import Surplus
from compose.demo.tapped import Tapped
from compose.demo.wish import Wish
from compose.supervision.rpc import NoSupervisor, ProcessInfo

SHOWS_EVERY_S = 0.3
LOOKS_EVERY_S = 0.1
BACK_WITHIN_S = 30.0
"""After the crowd has left: whatever was killed is back by then, or it is not."""

_NOBODY = Progress(phase=Phase.JOINING, at_s=0, of_s=0, expected=0, joined=0)


@dataclass(frozen=True, slots=True)
class Replay:
    """What is replayed, and how."""

    wish: Wish
    match: Timeline

    @property
    def speed(self) -> float:
        """How much faster than it was."""
        return self.match.seconds / self.wish.seconds

    def tapped(self) -> Tapped:
        """Return the clock from taps to this screen."""
        wish = self.wish
        crowd = Reacting(wish.room, wish.clients, wish.rate, wish.seconds)
        return Tapped(timetable(crowd, lambda s: self.match.share(s * self.speed)))


class Stage:
    """Shows what goes on, from `run` until some time after `end`.

    Args:
        replay: What the crowd does.
        director: Who kills.
        processes: Asks supervisord.
        screen: Where it is shown.
    """

    def __init__(
        self,
        replay: Replay,
        director: Director,
        processes: Callable[[], Mapping[str, ProcessInfo]],
        screen: Screen,
    ) -> None:
        self._replay, self._director, self._screen = replay, director, screen
        self._processes = processes
        self._known = Known(replay.wish.room)
        self._tapped, self._surplus = replay.tapped(), Surplus()
        self._progress = self.last = _NOBODY
        """How far the crowd was before it left."""
        self._began_s: float | None = None
        self._moments = [*replay.match.moments]
        self.happenings: list[Happening] = []
        self._looked_s = self._shown_s = float("-inf")
        self._ends_s = float("inf")
        self._is_abandoned = threading.Event()

    def told(self, progress: Progress) -> None:
        """Take how far the crowd is; called by its thread."""
        if self._began_s is None and 0 < progress.at_s < progress.of_s:
            self._began_s = time.time() - progress.at_s
        self._progress = progress
        if progress.phase is not Phase.LEAVING:
            self.last = progress

    def end(self) -> None:
        """Go on only until what was killed is back."""
        self._ends_s = time.monotonic() + BACK_WITHIN_S

    def abandon(self) -> None:
        """End at once."""
        self._is_abandoned.set()

    def run(self, events: Iterable[Event]) -> None:
        """Take what happens, until all is over."""
        for event in events:
            is_news = self._take(event)
            if event.at_s - self._looked_s >= LOOKS_EVERY_S:
                self._looked_s = event.at_s
                self._look()
            if is_news or event.at_s - self._shown_s >= SHOWS_EVERY_S:
                self._shown_s = event.at_s
                self._screen.show(self._scene())
            if self._is_over(event.at_s):
                break
        self._screen.show(self._scene())

    def _is_over(self, now_s: float) -> bool:
        is_ending = self._ends_s < float("inf")
        is_done = not self._director.is_missed or now_s >= self._ends_s
        return self._is_abandoned.is_set() or (is_ending and is_done)

    def _take(self, event: Event) -> bool:
        """Learn what happened; return whether that is to be shown at once."""
        if self._known.take(event) is None:
            return False
        is_all_known = not self._progress.refused and not self._progress.unknown
        if self._began_s is not None and is_all_known:
            self._tapped.see(self._counted(), time.time() - self._began_s)
        return True

    def _look(self) -> None:
        self._tell_moments()
        progress = self._progress
        is_all = progress.phase in {Phase.SETTLING, Phase.LEAVING}
        self._surplus.hear(progress.sent, self._counted(), is_all=is_all)
        share = progress.at_s / progress.of_s if progress.of_s else 0.0
        processes: Mapping[str, ProcessInfo] = {}
        if self._director.is_missed or self._director.is_due(share):
            try:
                processes = self._processes()
            except NoSupervisor:
                return  # it is asked again
        look = Look(time.time(), self._known, processes, progress)
        self.happenings.extend(self._director.look(look))

    def _tell_moments(self) -> None:
        in_it_s = self._at_s() * self._replay.speed
        while self._moments and self._began_s and self._moments[0].at_s <= in_it_s:
            text = self._moments.pop(0).text
            self.happenings.append(Happening(time.time(), Kind.MATCH, text))

    def _at_s(self) -> float:
        if self._progress.phase is not Phase.SENDING or self._began_s is None:
            return self._progress.at_s
        return min(time.time() - self._began_s, self._progress.of_s)

    def _counted(self) -> int:
        frame = self._known.frame
        return max(0, frame.total - self._progress.before) if frame else 0

    def _scene(self) -> Scene:
        progress = self._progress
        return Scene(
            title=self._replay.match.title,
            room=self._replay.wish.room,
            speed=self._replay.speed,
            phase=progress.phase,
            at_s=self._at_s(),
            of_s=self._replay.wish.seconds,
            frame=self._known.frame,
            per_s=self._known.per_s,
            sent=progress.sent,
            accepted=progress.accepted,
            counted=self._counted(),
            surplus=self._surplus.now,
            refused=progress.refused,
            served=progress.joined,
            expected=progress.expected,
            clusters=self._known.clusters,
            latency=self._tapped.latency,
            happenings=self.happenings,
        )
