"""Sends batches of reactions and says for certain what became of each.

A batch that got no certain answer is repeated, the same bytes under the same
`Idempotency-Key`, so that it counts once however often it arrives. The server
knows a batch for a minute: after 40 s it is not repeated any more.
"""

import secrets
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus

import httpx
import msgspec
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_any,
    stop_before_delay,
    stop_when_event_set,
    wait_random_exponential,
)

from clients.server import Unreachable, retry_after_s
from ingest.topics import RECORD_REACTIONS_MAX

REPEAT_FOR_S = 40.0

_REPEATED = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
_JITTER = wait_random_exponential(multiplier=0.25, max=8)


@dataclass(frozen=True, slots=True)
class Accepted:
    """Kafka has these; the others were rejected, by reason."""

    count: int
    rejected: Counter[str]


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing of the batch is stored, and will not be: the server's own words."""

    label: str
    help: str
    rejected: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may be stored, or not: there was no certain answer in time."""


Outcome = Accepted | Refused | Unknown


class Reaction(msgspec.Struct, frozen=True):
    """A tap as the server reads it; `timestamp` is in milliseconds since the epoch."""

    user_id: str
    emoji_type: str
    timestamp: int


class _Rejection(msgspec.Struct):
    reason: str


class _Answer(msgspec.Struct):
    """Whatever the server says, good or bad."""

    accepted: int = 0
    rejected: list[_Rejection] = []
    error: str = ""
    help: str = ""

    def reasons(self) -> Counter[str]:
        return Counter(rejection.reason for rejection in self.rejected)


@dataclass(slots=True)
class _Try:
    """A batch on its way."""

    body: bytes
    key: str
    maybe_stored: bool = False


class _TryAgain(Exception):
    """The same batch may fare better later."""

    def __init__(self, refused: Refused, after_s: float = 0) -> None:
        super().__init__(refused.label)
        self.refused = refused
        self.after_s = after_s


def batch_sizes(count: int) -> Iterator[int]:
    """Split `count` reactions into as few batches as the server takes."""
    for start in range(0, count, RECORD_REACTIONS_MAX):
        yield min(RECORD_REACTIONS_MAX, count - start)


def batch_body(emoji: str, size: int, *, user_id: str, now_ms: int) -> bytes:
    """Write `size` equal reactions as the server reads them."""
    return msgspec.json.encode([Reaction(user_id, emoji, now_ms)] * size)


class Sender:
    """Posts batches to one room over one client.

    Args:
        client: Posts them.
        url: Where.
        repeat_for_s: How long a batch is repeated.
        was_reached: Whether it is known that a server is there: to find nobody
            listening is a reason to repeat then, too.
        hurry: Once it is set, nothing is waited for any more.
    """

    def __init__(
        self,
        client: httpx.Client,
        url: str,
        *,
        repeat_for_s: float = REPEAT_FOR_S,
        was_reached: bool = False,
        hurry: threading.Event | None = None,
    ) -> None:
        self._client, self._url = client, url
        self._was_reached = was_reached
        hurry = hurry or threading.Event()
        self._repeating = Retrying(
            retry=retry_if_exception_type(_TryAgain),
            stop=stop_any(stop_before_delay(repeat_for_s), stop_when_event_set(hurry)),
            sleep=sleep_using_event(hurry),
            wait=_wait_s,
            reraise=True,
        )

    def send(self, body: bytes, key: str = "") -> Outcome:
        """Post a batch, and again while that may help.

        Args:
            body: What it says.
            key: Its key; by default one that nobody has.

        Raises:
            Unreachable: If the very first attempt found nobody listening.
        """
        batch = _Try(body, key or secrets.token_hex(16))
        try:
            outcome = self._repeating(self._post, batch)
        except _TryAgain as last:
            outcome = last.refused
        if batch.maybe_stored and isinstance(outcome, Refused):
            return Unknown()
        return outcome

    def _post(self, batch: _Try) -> Outcome:
        try:
            response = self._client.post(
                self._url,
                content=batch.body,
                headers={
                    "Content-Type": "application/json",
                    "Idempotency-Key": batch.key,
                },
            )
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            if not self._was_reached:
                raise Unreachable(str(error)) from error
            refused = Refused("unreachable", "the server stopped answering")
            raise _TryAgain(refused) from error
        except httpx.TransportError as error:
            self._was_reached = batch.maybe_stored = True
            raise _TryAgain(Refused("no_answer", str(error))) from error
        self._was_reached = True
        return _outcome(response, batch)


def _outcome(response: httpx.Response, batch: _Try) -> Outcome:
    try:
        answer = msgspec.json.decode(response.content, type=_Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        answer = _Answer()
    if response.status_code == HTTPStatus.ACCEPTED:
        return Accepted(answer.accepted, answer.reasons())
    refused = Refused(
        answer.error or f"http_{response.status_code}",
        answer.help or "this is no answer of EmoStream: is the URL right?",
        answer.reasons(),
    )
    is_ours = bool(answer.error)  # or a proxy's: another server stores nothing
    is_repeated = response.status_code in _REPEATED or (
        is_ours and response.is_server_error
    )
    if response.is_server_error and (is_ours or is_repeated):
        batch.maybe_stored |= answer.error != "not_stored"
    if is_repeated:
        raise _TryAgain(refused, retry_after_s(response))
    return refused


def _wait_s(state: RetryCallState) -> float:
    """Wait as long as the server asked for, and full jitter on top."""
    error = state.outcome.exception() if state.outcome else None
    asked_s = error.after_s if isinstance(error, _TryAgain) else 0
    return asked_s + _JITTER(state)
