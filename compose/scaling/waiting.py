"""The wait until nobody is left in clusters that are closed."""

from collections.abc import Iterator, Sequence

from compose.scaling.audience import Audience, NoMain, Seen


class Waiting:
    """Looks how many clients are left, and says so when that has changed.

    What the workers say is a second old; nobody is left when the broker, too, knows
    of nobody, and all workers know that they take nobody new.

    Args:
        audience: Who has joined.
        clusters: Which are waited for.
    """

    POLL_S = 1.0

    def __init__(self, audience: Audience, clusters: Sequence[str]) -> None:
        self._audience, self._clusters = audience, clusters
        self._most: dict[str, int] = {}
        self._told: dict[str, str] = {}
        self.left: dict[str, int | None] = dict.fromkeys(clusters)
        """How many clients each cluster has left; None where nobody says it. One that
        has none is missing."""

        self.silence = ""
        """Why nothing is known, where that is so."""

    def is_over(self) -> bool:
        """Look again, at all of them; return whether nobody is left anywhere."""
        try:
            seen = self._audience.seen()
        except NoMain as error:  # main is started again, and asked again
            self.silence = str(error)
            return False
        self.silence = ""
        counts = {name: self._count(name, seen.get(name)) for name in self._clusters}
        self.left = {name: count for name, count in counts.items() if count != 0}
        return not self.left

    def _count(self, name: str, found: Seen | None) -> int | None:
        if found and found.members:
            return found.members
        if found and not found.is_draining:
            return None  # somebody may join yet
        return self._audience.kept(name)

    def news(self) -> Iterator[str]:
        """Yield a line for each cluster where something has changed."""
        if self.silence != self._told.get("", ""):
            self._told[""] = self.silence
            if self.silence:
                yield self.silence
        for name in self._clusters:
            count = self.left.get(name, 0)
            if count is None:
                continue
            most = self._most[name] = max(count, self._most.get(name, 0))
            line = f"{name}: {most - count:,} of {most:,} clients have moved"
            if most and line != self._told.get(name):
                self._told[name] = line
                yield line
