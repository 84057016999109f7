"""When a client leaves its cluster because it is asked to: pure."""

from collections.abc import Callable

from clients.worker.wire import BadMessage, Move, Moves

_SPREAD_MAX_S = 3600.0


class Departure:
    """Waits for a random part of what an operator has said, once for each move.

    Args:
        draw: Returns a random number between 0 and 1.
    """

    def __init__(self, draw: Callable[[], float]) -> None:
        self._draw = draw
        self.forget()

    def forget(self) -> None:
        """Know nothing: the next broker says it again."""
        self._said = Moves()
        self._move: Move | None = None
        self._due_s: float | None = None

    def hear(self, payload: bytes, cluster: str, now_s: float) -> None:
        """Learn which clusters are to be left; what cannot be read says nothing."""
        try:
            self._said = Moves.decode(payload)
        except BadMessage:
            return
        self.be_in(cluster, now_s)

    def be_in(self, cluster: str, now_s: float) -> None:
        """Learn in which cluster it is; one without a name is never left."""
        move = self._said.clusters.get(cluster) if cluster else None
        if move == self._move:
            return  # the same again; it has drawn
        self._move, self._due_s = move, None
        if move:
            spread_s = min(max(move.spread_s, 0.0), _SPREAD_MAX_S)
            self._due_s = now_s + spread_s * self._draw()

    @property
    def is_asked(self) -> bool:
        """Whether it is to go, or has gone already."""
        return self._move is not None

    def is_due(self, now_s: float) -> bool:
        """Tell whether it is time to go, once."""
        if self._due_s is None or now_s < self._due_s:
            return False
        self._due_s = None
        return True
