"""The HTTP surface: reactions in, health and metrics out; no knowledge of Kafka.

What rooms take is added by `ingest.rooms`.
"""

from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from http import HTTPStatus
from typing import Protocol

from flask import Flask, Request, Response

from ingest import metrics
from ingest.account import Account
from ingest.admission import admit
from ingest.answer import add_refusals, json_answer, refusal_answer
from ingest.batch import Batch
from ingest.guard import Common, current_request
from ingest.hold import HOLD
from ingest.intake import read_batch
from ingest.refusal import Refusal, Refused, Rejection
from ingest.rooms import Hosting, add_rooms
from ingest.state_log import StateLog
from ingest.topics import NO_ROOM
from mosquitto.topic import MAIN_ROOM, BadRoom, check_room


class BatchSink(Protocol):
    """Where accepted batches go."""

    def append(self, batch: Batch) -> "Future[None]":
        """Begin to store `batch`; return what is done once that is certain.

        That takes less than five seconds. It raises `OutcomeUnknown` if the batch may
        be stored and may be not.

        Raises:
            NotStored: If it is certainly not, and will not be.
        """
        ...


def create_app(
    sink: BatchSink, common: Common, account: Account, hosting: Hosting
) -> Flask:
    """Build the app; importing this module starts nothing.

    Args:
        sink: Stores what was accepted.
        common: What it shares with the other apps of its server.
        account: Counts what it does for each room.
        hosting: Decides on what rooms take.
    """
    app = common.new_app("ingest")
    _add_reactions(app, sink, account, hosting.states)
    add_rooms(app, hosting)
    add_refusals(app, partial(_refused, account), Refusal)
    return app


def _add_reactions(
    app: Flask, sink: BatchSink, account: Account, states: StateLog
) -> None:
    @app.post("/v1/reactions")
    @app.post("/v1/rooms/<room>/reactions")
    def accept(room: str = MAIN_ROOM) -> Response:
        asked = current_request()
        batch, rejected = _read(asked, room, account)
        batch, rejected = admit(batch, rejected, states.restriction(room))
        accepted = len(batch.reactions)
        stored = sink.append(batch)
        count = partial(_count_outcome, account, room, accepted, rejected)
        hold = asked.environ.get(HOLD)
        if hold is None:
            count(stored)  # waits for it
            stored.result()
        else:
            stored.add_done_callback(count)  # counted before it is answered
            hold(stored)
        body = {"accepted": accepted, "rejected": rejected}
        return json_answer(body, HTTPStatus.ACCEPTED)


def _read(
    asked: Request, room: str, account: Account
) -> tuple[Batch, Sequence[Rejection]]:
    """Read a POST, and count its reactions, good or bad."""
    try:
        batch, rejected = read_batch(asked, room)
    except Refused as error:
        if error.rejected:
            account.read(room, len(error.rejected))
        raise
    account.read(room, len(batch.reactions) + len(rejected))
    return batch, rejected


def _count_outcome(
    account: Account,
    room: str,
    accepted: int,
    rejected: Sequence[Rejection],
    stored: "Future[None]",
) -> None:
    if stored.exception() is not None:
        account.unknown(room, accepted)
        return
    account.stored(room, accepted, rejected)
    metrics.REACTIONS_ACCEPTED.inc(accepted)
    _count(rejected)


def _refused(account: Account, error: Refused) -> Response:
    metrics.REFUSED.labels(error.refusal.label).inc()
    _note(account, error, current_request())
    if error.refusal is not Refusal.NOTHING_ACCEPTABLE:
        return refusal_answer(error)
    _count(error.rejected)
    return refusal_answer(error, rejected=error.rejected)


def _note(account: Account, error: Refused, asked: Request) -> None:
    """Count a refusal for its room, if reactions were posted."""
    is_counted = error.refusal is Refusal.UNKNOWN  # with its reactions
    if asked.method != "POST" or asked.url_rule is None or is_counted:
        return
    room = _room(asked, error)
    account.refused(room, error.refusal.label, error.rejected)


def _room(asked: Request, error: Refused) -> str:
    if error.refusal is Refusal.RATE_LIMITED:
        return NO_ROOM  # else a flood could name a new room each time, for nothing
    try:
        return check_room((asked.view_args or {}).get("room", MAIN_ROOM))
    except BadRoom:
        return NO_ROOM


def _count(rejected: Sequence[Rejection]) -> None:
    for rejection in rejected:
        metrics.REACTIONS_REJECTED.labels(rejection.reason).inc()
