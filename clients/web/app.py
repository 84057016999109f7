"""The HTTP surface for who reads; no knowledge of MQTT or Kafka."""

from http import HTTPStatus
from typing import Protocol

from flask import Flask, Response, request

from clients.web import metrics
from clients.web.board import HeldFrame
from clients.web.refusal import Refusal
from ingest.answer import add_refusals, refusal_answer
from ingest.guard import Common
from ingest.refusal import Refused
from mosquitto.topic import BadRoom, check_room


class Frames(Protocol):
    """Where each room's newest frame is known."""

    def newest(self, room: str) -> HeldFrame:
        """Return the newest frame of a room.

        Raises:
            NoFrame: If the room never had one.
            Stale: If that cannot be known now.
        """
        ...


def create_app(frames: Frames, common: Common) -> Flask:
    """Build the app; importing this module starts nothing.

    Args:
        frames: Knows what is newest.
        common: What it shares with the other apps of its server.
    """
    app = common.new_app("web")
    _add_frames(app, frames)
    add_refusals(app, _refuse, Refusal)
    return app


def _add_frames(app: Flask, frames: Frames) -> None:
    @app.get("/v1/rooms/<room>/frame")
    def show_frame(room: str) -> Response:
        frame = frames.newest(_checked(room))
        return _fresh(frame)


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
    return refusal_answer(error)
