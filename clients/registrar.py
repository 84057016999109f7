"""Asks the server for a place: one POST, and what its answer means."""

import time
from http import HTTPStatus

import httpx
import msgspec

from clients.place import BadPlace, Place
from clients.server import Unreachable, retry_after_s
from clients.steps import NotAdmitted, Placed, PutOff
from clients.worker.wire import Join


class _Refusal(msgspec.Struct):
    error: str = ""
    help: str = ""


class Registrar:
    """Registers one client, as often as it needs a new place.

    Args:
        client: Posts it.
        url: Where.
        join: What is asked for.
    """

    def __init__(self, client: httpx.Client, url: httpx.URL, join: Join) -> None:
        self._client, self._url, self._body = client, url, join.encode()
        self._was_reached = False

    def ask(self) -> Placed | PutOff:
        """Ask once.

        Raises:
            NotAdmitted: If asking again would not help.
            Unreachable: If the very first attempt found nobody listening.
        """
        headers = {"Content-Type": "application/json"}
        try:
            response = self._client.post(self._url, content=self._body, headers=headers)
        except httpx.TransportError as error:
            is_nobody = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            if is_nobody and not self._was_reached:
                raise Unreachable(str(error)) from error
            return PutOff(time.monotonic(), f"the server does not answer: {error}")
        self._was_reached = True
        return _answer(response)


def _answer(response: httpx.Response) -> Placed | PutOff:
    if response.status_code == HTTPStatus.CREATED:
        try:
            return Placed(time.monotonic(), Place.decode(response.content))
        except BadPlace as error:
            raise NotAdmitted("bad_answer", str(error)) from error
    try:
        refusal = msgspec.json.decode(response.content, type=_Refusal)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        refusal = _Refusal()
    label = refusal.error or f"http_{response.status_code}"
    help_ = refusal.help or "this is no answer of EmoStream: is the URL right?"
    is_busy = response.status_code == HTTPStatus.TOO_MANY_REQUESTS
    if is_busy or response.is_server_error:
        reason = f"{label}: {help_}"
        return PutOff(time.monotonic(), reason, retry_after_s(response))
    raise NotAdmitted(label, help_)
