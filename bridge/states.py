"""What rooms take, as MQTT carries it: what changed, or all of it for a new main."""

from collections.abc import Mapping
from typing import Protocol

from ingest.room_state import RoomState

Known = Mapping[str, RoomState | None]


class StateSource(Protocol):
    """Where it is known what rooms take."""

    @property
    def is_read(self) -> bool:
        """Whether all that was kept at the start is known."""
        ...

    def known(self) -> Known:
        """Return every room's state, None if it is no more.

        It is another mapping whenever one has changed.
        """
        ...


class RoomStates:
    """Follows a source; before it has read all, there is nothing to tell.

    What lies in between would be told anew at each start of the bridge.
    """

    def __init__(self, source: StateSource) -> None:
        self._source = source
        self._told: Known = {}

    def changed(self) -> Known:
        """Return what differs from what was returned before."""
        known = self._known()
        if known is self._told:
            return {}
        before, self._told = self._told, known
        return {
            room: state
            for room, state in known.items()
            if room not in before or before[room] is not state
        }

    def everything(self) -> Known:
        """Return all of it, for a main that may know nothing."""
        self._told = self._known()
        return self._told

    def _known(self) -> Known:
        return self._source.known() if self._source.is_read else self._told
