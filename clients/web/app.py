"""The HTTP surface for who reads or registers; no knowledge of MQTT or Kafka."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

import msgspec
from flask import Flask, Response, request

from clients.place import Place
from clients.web import metrics, pages
from clients.web.audience import Audience
from clients.web.board import HeldFrame
from clients.web.ledger import Ledgers, minutes_asked
from clients.web.listing import Listing
from clients.web.operator_key import OperatorKey
from clients.web.pages import NoPage, Pages
from clients.web.refusal import Refusal
from clients.web.registration import read_join
from clients.worker.wire import Join
from ingest.answer import add_refusals, json_answer, refusal_answer
from ingest.guard import Common, current_request
from ingest.refusal import Refused
from ingest.topics import NO_ROOM
from mosquitto.topic import MAIN_ROOM, BadRoom, check_room


class Frames(Protocol):
    """Where each room's newest frame is known."""

    def newest(self, room: str) -> HeldFrame:
        """Return the newest frame of a room.

        Raises:
            NoFrame: If the room never had one.
            Stale: If that cannot be known now.
        """
        ...


class Places(Protocol):
    """Where clients are given places."""

    def give(self, wanted: Join) -> Place:
        """Return a place for a client that is new, without waiting.

        Raises:
            NoCluster: If no cluster is there, as far as is known.
            Full: If all that are there are full.
        """
        ...


@dataclass(frozen=True, slots=True)
class Sources:
    """What the app answers from.

    Attributes:
        frames: Knows what is newest.
        places: Gives clients their places.
        listing: Returns the members of a room, or of all; may take some seconds.
        operator_key: Tells who may ask for them.
        ledgers: Knows what became of every reaction.
        audience: Returns who is in a room, without waiting; raises `Stale`.
        pages: What people see of it.
    """

    frames: Frames
    places: Places
    listing: Callable[[str | None], Listing]
    operator_key: OperatorKey
    ledgers: Ledgers
    audience: Callable[[str], Audience]
    pages: Pages


def create_app(sources: Sources, common: Common) -> Flask:
    """Build the app; importing this module starts nothing.

    Args:
        sources: What it answers from.
        common: What it shares with the other apps of its server.
    """
    app = common.new_app("web")
    _add_frames(app, sources.frames)
    _add_places(app, sources.places)
    _add_listing(app, sources.listing, sources.operator_key)
    _add_ledgers(app, sources.ledgers)
    _add_audience(app, sources.audience)
    _add_pages(app, sources.pages)
    add_refusals(app, _refuse, Refusal)
    return app


def _add_frames(app: Flask, frames: Frames) -> None:
    @app.get("/v1/rooms/<room>/frame")
    def show_frame(room: str) -> Response:
        frame = frames.newest(_checked(room))
        return _fresh(frame)


def _add_places(app: Flask, places: Places) -> None:
    @app.post("/v1/clients")
    def register() -> Response:
        place = places.give(read_join(current_request()))
        return json_answer(msgspec.structs.asdict(place), HTTPStatus.CREATED)


def _add_listing(
    app: Flask, listing: Callable[[str | None], Listing], operator_key: OperatorKey
) -> None:
    @app.get("/v1/clients")
    def show_clients() -> Response:
        asked = current_request()
        operator_key.check(asked)
        room = asked.args.get("room")
        found = listing(None if room is None else _checked(room))
        return json_answer(msgspec.structs.asdict(found))


def _add_ledgers(app: Flask, ledgers: Ledgers) -> None:
    @app.get("/v1/ledger")
    def show_ledgers() -> Response:
        return _as_it_is(ledgers.overview())

    @app.get("/v1/rooms/<room>/ledger")
    def show_ledger(room: str) -> Response:
        named = room if room == NO_ROOM else _checked(room)
        return _as_it_is(ledgers.room(named, minutes_asked(current_request())))


def _add_audience(app: Flask, audience: Callable[[str], Audience]) -> None:
    @app.get("/v1/rooms/<room>/audience")
    def show_audience(room: str) -> Response:
        return _as_it_is(msgspec.json.encode(audience(_checked(room))))


def _add_pages(app: Flask, built: Pages) -> None:
    def add(path: str, name: str) -> None:
        def show(room: str = MAIN_ROOM) -> Response:
            _check_page(room)
            return built.file(name).answer(current_request())

        app.add_url_rule(path, path, show)

    add("/", pages.AUDIENCE)
    add("/rooms/<room>", pages.AUDIENCE)
    add("/host/<room>", pages.HOST)
    add("/overlay/<room>", pages.OVERLAY)
    add(f"/{pages.EMBED}", pages.EMBED)
    add(f"/{pages.ICON}", pages.ICON)

    @app.get(f"/{pages.ASSETS}/<path:name>")
    def show_asset(name: str) -> Response:
        return built.file(f"{pages.ASSETS}/{name}").answer(current_request())


def _check_page(room: str) -> None:
    try:
        check_room(room)
    except BadRoom as error:
        raise NoPage(Refusal.BAD_ROOM) from error


def _as_it_is(encoded: bytes) -> Response:
    """Send what changes at every moment."""
    answer = Response(encoded, content_type="application/json")
    answer.cache_control.no_store = True
    return answer


def _checked(room: str) -> str:
    try:
        return check_room(room)
    except BadRoom as error:
        raise Refused(Refusal.BAD_ROOM) from error


def _fresh(frame: HeldFrame) -> Response:
    """Send a frame to who does not have it: any cache must ask each time."""
    answer = Response(frame.payload, content_type="application/json")
    answer.set_etag(frame.tag)
    answer.cache_control.no_cache = True
    answer.make_conditional(request)
    unchanged = answer.status_code == HTTPStatus.NOT_MODIFIED
    metrics.FRAMES_ANSWERED.labels("unchanged" if unchanged else "sent").inc()
    return answer


def _refuse(error: Refused) -> Response:
    metrics.REFUSED.labels(error.refusal.label).inc()
    return pages.tell(error, current_request()) or refusal_answer(error)
