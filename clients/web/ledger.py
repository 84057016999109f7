"""Asks the auditor for a room's ledger, on behalf of whoever asks the web server."""

import threading
from collections.abc import Mapping
from http import HTTPStatus
from typing import Protocol, TypeVar

import httpx
import msgspec
from flask import Request

from clients.web.refusal import BadMinutes, NoAuditor, NoLedger
from stream.auditor.ledger import Overview, RoomLedger

ANSWER_WITHIN_S = 2.0
MINUTES = 60
MINUTES_MAX = 1440

_Wire = TypeVar("_Wire", RoomLedger, Overview)


class Ledgers(Protocol):
    """Where the ledger is known."""

    def room(self, room: str, minutes: int) -> bytes:
        """Return a room's ledger, encoded.

        Raises:
            NoLedger: If nothing is known of the room.
            NoAuditor: If that cannot be known now.
        """
        ...

    def overview(self) -> bytes:
        """Return the ledger of all rooms, encoded.

        Raises:
            NoAuditor: If that cannot be known now.
        """
        ...


class AuditorsLedgers:
    """The auditor's own answers, byte by byte; any thread may ask.

    Args:
        client: Asks the auditor: it knows where that is, and how long to wait.
        waiting_max: Threads that may wait for it at a time: an auditor that hangs
            shall not have all of them.
    """

    def __init__(self, client: httpx.Client, *, waiting_max: int) -> None:
        self._client = client
        self._waiting = threading.Semaphore(waiting_max)

    def room(self, room: str, minutes: int) -> bytes:
        """Return a room's ledger; see `Ledgers`."""
        answer = self._ask(f"/ledger/{room}", {"minutes": minutes})
        if answer.status_code == HTTPStatus.NOT_FOUND:
            raise NoLedger
        return _checked(answer, RoomLedger)

    def overview(self) -> bytes:
        """Return the ledger of all rooms; see `Ledgers`."""
        return _checked(self._ask("/ledger", {}), Overview)

    def _ask(self, path: str, parameters: Mapping[str, int]) -> httpx.Response:
        if not self._waiting.acquire(blocking=False):
            raise NoAuditor("Too many ask for the ledger at a time")
        try:
            return self._client.get(path, params=parameters)
        except httpx.HTTPError as error:
            raise NoAuditor("The auditor does not answer") from error
        finally:
            self._waiting.release()


def auditor_client(url: str) -> httpx.Client:
    """Return what asks the auditor at `url`."""
    # A proxy of the environment is not for this machine's own ports.
    return httpx.Client(base_url=url, timeout=ANSWER_WITHIN_S, trust_env=False)


def minutes_asked(request: Request) -> int:
    """Return how many minutes a request asks for.

    Raises:
        BadMinutes: If that is no number of minutes that are kept.
    """
    text = request.args.get("minutes", str(MINUTES))
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MINUTES_MAX))):
        raise BadMinutes
    if not 1 <= int(text) <= MINUTES_MAX:
        raise BadMinutes
    return int(text)


def _checked(answer: httpx.Response, kind: type[_Wire]) -> bytes:
    """Return what an answer says, if that is what it should be."""
    if answer.status_code != HTTPStatus.OK:
        raise NoAuditor("The auditor is not ready")
    try:
        said = msgspec.json.decode(answer.content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise NoAuditor("Something else answers for the auditor") from error
    if said.v != 1:
        raise NoAuditor("The auditor is of another version")
    return answer.content
