"""This client at every cluster at once: what all of them show, and who does not."""

import threading
from collections.abc import Callable, Mapping, Sequence

from clients.place import Place
from clients.verify.judge import totals_problem
from clients.verify.station import Station, Way


class Audience:
    """Watches a room at each cluster, and is a member of each.

    Args:
        room: Which room.
    """

    def __init__(self, room: str) -> None:
        self._room = room
        self._changed = threading.Condition()
        self._stations: Sequence[Station] = ()

    @property
    def names(self) -> Sequence[str]:
        """The clusters, as their addresses."""
        return [station.name for station in self._stations]

    @property
    def everywhere(self) -> str:
        """Say that it is so at all of them."""
        count = len(self._stations)
        return "at the one cluster" if count == 1 else f"at each of {count} clusters"

    def begin(self, places: Sequence[Place]) -> None:
        """Go to every cluster that the first place names.

        Args:
            places: One for each of them, if they all were given.
        """
        brokers = sorted(places[0].brokers, key=lambda one: (one.host, one.port))
        self._stations = [
            Station(broker, place.client_id, self._room, self._changed)
            for broker, place in zip(brokers, places, strict=False)
        ]
        for station in self._stations:
            station.start()

    def close(self) -> None:
        """Leave."""
        for station in self._stations:
            station.end()
        for station in self._stations:
            station.wait()

    def without_pulse(self, within_s: float) -> list[str]:
        """Return where the stream's sign of life does not come, and why."""
        return self._missing(lambda one: one.pulsed_s is not None, within_s)

    def without_worker(self, within_s: float) -> list[str]:
        """Return where no worker takes this client, and why."""
        return self._missing(lambda one: one.joined_s is not None, within_s)

    def joined_ms(self) -> Mapping[str, int]:
        """Return how long it took at the slowest until a worker had taken it."""
        took_s = [
            one.joined_s - one.connected_s
            for one in self._stations
            if one.joined_s is not None and one.connected_s is not None
        ]
        return {"slowest": round(1000 * max(took_s))} if took_s else {}

    def watched_problems(self, totals: Mapping[str, int], within_s: float) -> list[str]:
        """Return where the room does not come to these totals, and what it shows."""
        return self._differing(lambda one: one.watched, totals, within_s)

    def relayed_problems(self, totals: Mapping[str, int], within_s: float) -> list[str]:
        """Return where a member is not shown these totals, and what it is shown."""
        return self._differing(lambda one: one.relayed, totals, within_s)

    def reached_ms(self, total: int, since_s: float) -> Mapping[str, int]:
        """Return how long it took at the fastest and the slowest to show a total."""
        reached_s = [one.watched.reached_s(total) for one in self._stations]
        took_s = [at_s - since_s for at_s in reached_s if at_s is not None]
        if not took_s:
            return {}
        return {
            "fastest": round(1000 * min(took_s)),
            "slowest": round(1000 * max(took_s)),
        }

    def _missing(self, has_it: Callable[[Station], bool], within_s: float) -> list[str]:
        self._wait(lambda: all(has_it(one) for one in self._stations), within_s)
        with self._changed:
            return [
                f"{one.name} ({one.problem})" if one.problem else one.name
                for one in self._stations
                if not has_it(one)
            ]

    def _differing(
        self,
        way: Callable[[Station], Way],
        totals: Mapping[str, int],
        within_s: float,
    ) -> list[str]:
        def problems() -> list[str]:
            said = [
                (one.name, totals_problem(totals, way(one).frame))
                for one in self._stations
            ]
            return [f"{name} shows {problem}" for name, problem in said if problem]

        self._wait(lambda: not problems(), within_s)
        with self._changed:
            return problems()

    def _wait(self, is_so: Callable[[], bool], within_s: float) -> None:
        with self._changed:
            self._changed.wait_for(is_so, within_s)
