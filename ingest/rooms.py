"""What is asked of rooms over HTTP: what they take, and what their hosts change."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import msgspec
from flask import Flask, Request, Response

from ingest.answer import json_answer
from ingest.guard import current_request
from ingest.host_link import HostLinks
from ingest.intake import BODY_MAX_BYTES, check_body
from ingest.refusal import Refusal, Refused
from ingest.room_state import RoomState, Wish
from ingest.state_log import StateLog
from mosquitto.topic import BadRoom, check_room

_MEDIA_TYPES = {"application/json"}


class Changing(Protocol):
    """Where a host's wishes go."""

    def write(
        self, room: str, wish: Wish, by: str, is_seen: Callable[[RoomState], bool]
    ) -> RoomState:
        """Have a room be what its host wishes; return what it is then.

        Raises:
            Refused: If the host has not seen what it is now, or the wish cannot be
                stored, or it is not known whether it is.
        """
        ...


@dataclass(frozen=True, slots=True)
class Hosting:
    """What decides on what rooms take.

    Attributes:
        states: Knows what they take.
        changing: Changes it.
        links: Tell who may.
    """

    states: StateLog
    changing: Changing
    links: HostLinks


def add_rooms(app: Flask, hosting: Hosting) -> None:
    """Serve what rooms take, and let their hosts change it."""

    @app.get("/v1/rooms/<room>/state")
    def show_state(room: str) -> Response:
        answer = _tagged(_readable(hosting.states).state(_checked(room)))
        answer.make_conditional(current_request())
        return answer

    @app.put("/v1/rooms/<room>/state")
    def change_state(room: str) -> Response:
        asked = current_request()
        by = hosting.links.host_of(asked, _checked(room))
        wish = _wish(asked)
        return _tagged(hosting.changing.write(room, wish, by, partial(_is_seen, asked)))

    @app.get("/v1/rooms/<room>/changes")
    def show_changes(room: str) -> Response:
        hosting.links.host_of(current_request(), _checked(room))
        changes = _readable(hosting.states).changes(room)
        answer = json_answer({"room": room, "changes": changes})
        answer.cache_control.no_store = True
        return answer


def _checked(room: str) -> str:
    try:
        return check_room(room)
    except BadRoom as error:
        raise Refused(Refusal.BAD_ROOM) from error


def _readable(states: StateLog) -> StateLog:
    """Return what knows all rooms.

    Raises:
        Refused: If it has not read them all yet.
    """
    problem = states.problem()
    if problem is not None:
        raise Refused(Refusal.NOT_READY, help_=f"{problem}.")
    return states


def _wish(asked: Request) -> Wish:
    check_body(asked, BODY_MAX_BYTES, _MEDIA_TYPES, Refusal)
    return Wish.read(asked.get_data())


def _is_seen(asked: Request, state: RoomState) -> bool:
    """Tell whether a host says that it saw this state; without `If-Match` it does."""
    return not asked.if_match or asked.if_match.contains(_tag(state))


def _tag(state: RoomState) -> str:
    return str(state.version)


def _tagged(state: RoomState) -> Response:
    """Send a state with its version; any cache must ask each time."""
    answer = json_answer(msgspec.structs.asdict(state))
    answer.set_etag(_tag(state))
    answer.cache_control.no_cache = True
    return answer
