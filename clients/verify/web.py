"""What a check asks the web server, with what is left of its time."""

import time
from http import HTTPStatus

import httpx
import msgspec

from clients.ledger import LedgerReader, LedgerUnavailable
from clients.place import BadPlace, Place
from clients.sender import Sender
from clients.server import (
    ANSWER_WITHIN_S,
    Unreachable,
    clients_url,
    http_client,
    reactions_url,
    url_of,
)
from clients.verify.plan import BadPost, Batch, Posted
from clients.worker.wire import Join
from stream.auditor.ledger import RoomLedger
from stream.frame import BadFrame, Frame

REPEATED_FOR_S = 4.0
"""A batch without a certain answer; a check has no time for more."""

_ASKED_WITHIN_S = 3.0
_JSON = {"Content-Type": "application/json"}


class NotAnswered(Exception):
    """The server did not say what was asked; the text says what came instead."""


class _Refusal(msgspec.Struct):
    error: str = ""
    help: str = ""


class Web:
    """Asks the server at an address.

    Args:
        base: The address.
        room: Which room all is about.

    Raises:
        BadUrl: If `base` is not an HTTP address.
    """

    def __init__(self, base: str, room: str) -> None:
        self._room = room
        self._ready = url_of(base, "readyz")
        self._clients, self._reactions = clients_url(base), reactions_url(base, room)
        self._frame = url_of(base, f"v1/rooms/{room}/frame")
        self._client = http_client(self._ready)
        self._ledger = LedgerReader(base)
        self._sender = Sender(
            self._client,
            str(self._reactions),
            repeat_for_s=REPEATED_FOR_S,
            was_reached=True,
        )

    def close(self) -> None:
        """End the connections."""
        self._client.close()
        self._ledger.close()

    def ready(self) -> None:
        """Return if the server can take reactions.

        Raises:
            NotAnswered: If it cannot, or is not there.
        """
        _checked(self._get(self._ready), HTTPStatus.OK)

    def place(self) -> Place:
        """Return a place in the room's audience.

        Raises:
            NotAnswered: If there is none.
        """
        body = Join(self._room).encode()
        answer = self._asked("POST", self._clients, body)
        try:
            return Place.decode(_checked(answer, HTTPStatus.CREATED))
        except BadPlace as error:
            raise NotAnswered(str(error)) from error

    def post(self, batch: Batch) -> Posted:
        """Send a batch, and again where its fate is not certain."""
        began_s = time.monotonic()
        outcome = self._sender.send(batch.body, batch.key)
        return Posted(batch, outcome, time.monotonic() - began_s)

    def post_bad(self, bad: BadPost) -> str:
        """Send what must be refused; return how it was answered.

        Raises:
            NotAnswered: If it was not.
        """
        answer = self._asked("POST", self._reactions, bad.body)
        return f"{answer.status_code} {_refusal(answer).error}".rstrip()

    def frame(self) -> Frame:
        """Return the room's newest frame.

        Raises:
            NotAnswered: If there is none.
        """
        try:
            return Frame.decode(_checked(self._get(self._frame), HTTPStatus.OK))
        except BadFrame as error:
            raise NotAnswered(str(error)) from error

    def ledger(self) -> RoomLedger:
        """Return the room's ledger.

        Raises:
            NotAnswered: If there is none.
        """
        try:
            return self._ledger.room(self._room, minutes=1)
        except (LedgerUnavailable, Unreachable) as error:
            raise NotAnswered(str(error)) from error

    def _get(self, url: httpx.URL) -> httpx.Response:
        return self._asked("GET", url, None)

    def _asked(self, method: str, url: httpx.URL, body: bytes | None) -> httpx.Response:
        # A POST may wait for Kafka, what is only read waits for nothing.
        within_s = ANSWER_WITHIN_S if body else _ASKED_WITHIN_S
        try:
            return self._client.request(
                method,
                url,
                content=body,
                headers=_JSON if body else None,
                timeout=within_s,
            )
        except httpx.HTTPError as error:
            raise NotAnswered(f"{url.path}: {error}") from error


def _checked(answer: httpx.Response, status: HTTPStatus) -> bytes:
    if answer.status_code != status:
        said = _refusal(answer)
        words = f"{said.error}: {said.help}" if said.error else "no answer of EmoStream"
        raise NotAnswered(f"{answer.url.path}: {answer.status_code}, {words}")
    return answer.content


def _refusal(answer: httpx.Response) -> _Refusal:
    try:
        return msgspec.json.decode(answer.content, type=_Refusal)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _Refusal()
