"""Reads the ledger over HTTP: what became of every reaction."""

from typing import TypeVar

import httpx
import msgspec

from clients.server import Unreachable, http_client, ledger_url
from stream.auditor.ledger import Overview, RoomLedger

_Wire = TypeVar("_Wire", RoomLedger, Overview)


class _Refusal(msgspec.Struct):
    error: str = ""
    help: str = ""


class LedgerUnavailable(Exception):
    """The server has no ledger to show; the text is its sentence."""


class NoLedgerYet(LedgerUnavailable):
    """Nothing is known of the room: nobody reacted there yet."""


class LedgerReader:
    """Asks one server, as often as is wanted.

    Args:
        base: The server's address.

    Raises:
        BadUrl: If that is no HTTP address.
    """

    def __init__(self, base: str) -> None:
        self._base = base
        self._client = http_client(ledger_url(base))

    def room(self, room: str, minutes: int) -> RoomLedger:
        """Return a room's ledger, with at most so many minutes.

        Raises:
            NoLedgerYet: If nothing is known of the room.
            LedgerUnavailable: If none can be read now.
            Unreachable: If nobody answers.
        """
        url = ledger_url(self._base, room).copy_set_param("minutes", minutes)
        return self._read(url, RoomLedger)

    def overview(self) -> Overview:
        """Return the ledger of all rooms.

        Raises:
            LedgerUnavailable: If none can be read now.
            Unreachable: If nobody answers.
        """
        return self._read(ledger_url(self._base), Overview)

    def close(self) -> None:
        """Ask no more."""
        self._client.close()

    def _read(self, url: httpx.URL, kind: type[_Wire]) -> _Wire:
        try:
            answer = self._client.get(url)
        except httpx.HTTPError as error:
            raise Unreachable(str(error)) from error
        if not answer.is_success:
            raise _refused(answer)
        try:
            said = msgspec.json.decode(answer.content, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise LedgerUnavailable(f"{url} answers with no ledger: {error}") from error
        if said.v != 1:
            raise LedgerUnavailable(f"The ledger has version {said.v}; this reads 1.")
        return said


def _refused(answer: httpx.Response) -> LedgerUnavailable:
    try:
        said = msgspec.json.decode(answer.content, type=_Refusal)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        said = _Refusal()
    help_ = said.help or f"{answer.url} answers {answer.status_code}."
    return NoLedgerYet(help_) if said.error == "no_ledger" else LedgerUnavailable(help_)
