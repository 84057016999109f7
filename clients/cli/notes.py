"""What is worth knowing of a room beside its frames, in words."""

from collections.abc import Mapping
from typing import Protocol, TextIO

from clients.liveness import State
from clients.steps import Joined

_MEANING: Mapping[State, str] = {
    State.CONNECTING: "waiting for the broker and the stream's pulse",
    State.LIVE: "frames are coming",
    State.QUIET: "the stream is alive, nobody reacts",
    State.STALE: "no sign of life from the stream: what is shown may be old",
}


class Standing(Protocol):
    """How alive a room is, and where it is received."""

    @property
    def state(self) -> State:
        """How things stood at the last event."""
        ...

    @property
    def reason(self) -> str:
        """Why there is no connection."""
        ...

    @property
    def joined(self) -> Joined | None:
        """Where this client is served; None for who only watches."""
        ...

    @property
    def unreadable(self) -> str | None:
        """What was wrong with the first message that could not be read."""
        ...


def state_words(standing: Standing) -> str:
    """Say how alive the room is, and why it is not."""
    state, reason = standing.state, standing.reason
    why = f" ({reason})" if state is State.CONNECTING and reason else ""
    return f"{state}: {_MEANING[state]}{why}"


def place_words(joined: Joined | None) -> str:
    """Say which cluster serves this client, and in which slot."""
    if joined is None:
        return ""
    broker, answer = joined.broker, joined.assignment
    return (
        f"joined {broker.host}:{broker.port} slot {answer.slot} as {answer.client_id}"
    )


class Notes:
    """Says how alive a room is, and where it is received, whenever that changes."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._said = ("", "", "")

    def say(self, standing: Standing) -> None:
        """Write a line for each that has changed."""
        unreadable = standing.unreadable and f"unreadable {standing.unreadable}"
        words = place_words(standing.joined), state_words(standing), unreadable or ""
        for now, before in zip(words, self._said, strict=True):
            if now != before:
                print(now, file=self._out, flush=True)
        self._said = words
