"""The wait until nobody is left in clusters that are closed."""

import time
from collections.abc import Iterator, Sequence

from compose.scaling.audience import Audience, NoMain


class Waiting:
    """Looks how many clients are left, and says so when that has changed.

    What the workers say is a second old; nobody is left when the broker, too, knows
    of nobody, and all workers know that they take nobody new.

    Args:
        audience: Who has joined.
        clusters: Which are waited for.
    """

    POLL_S = 1.0

    CLOSES_WITHIN_S = 5.0
    """By then a worker that runs has heard that its cluster is closed."""

    def __init__(self, audience: Audience, clusters: Sequence[str]) -> None:
        self._audience, self._clusters = audience, clusters
        self._began_s = time.monotonic()
        self._most: dict[str, int] = {}
        self._told: dict[str, str] = {}
        self.left: dict[str, int | None] = dict.fromkeys(clusters)
        """How many clients each cluster has left; None where nobody says it."""

    def is_over(self) -> bool:
        """Look again; return whether nobody is left anywhere."""
        try:
            seen = self._audience.seen()
        except NoMain:
            return False  # main is started again, and asked again
        waited_s = time.monotonic() - self._began_s
        for name in [*self.left]:
            found = seen.get(name)
            if found and found.members:
                self.left[name] = found.members
            elif found and not found.is_draining and waited_s < self.CLOSES_WITHIN_S:
                continue
            else:
                self.left[name] = self._audience.kept(name)
            if self.left[name] == 0:
                del self.left[name]
        return not self.left

    def news(self) -> Iterator[str]:
        """Yield a line for each cluster where something has changed."""
        for name in self._clusters:
            count = self.left.get(name, 0)
            if count is None:
                continue
            most = self._most[name] = max(count, self._most.get(name, 0))
            line = f"{name}: {most - count:,} of {most:,} clients have moved"
            if most and line != self._told.get(name):
                self._told[name] = line
                yield line
