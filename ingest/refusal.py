"""Every answer that is not a success: its fixed label, its status and help."""

from collections.abc import Mapping, Sequence
from enum import Enum
from http import HTTPStatus

import msgspec

RETRY_AFTER_S = 1
"""When to come again after a 503; Kafka's return is noticed within a second."""


class Rejection(msgspec.Struct, frozen=True):
    """A reaction of a POST that was left out, by its place in the array."""

    index: int
    reason: str


class Label(Enum):
    """Why a request was not done; the name in lower case is its label.

    Each app lists its own.
    """

    def __init__(self, status: int, help_: str) -> None:
        self.status = status
        self.help = help_

    @property
    def label(self) -> str:
        """What the answer and the metrics call it."""
        return self.name.lower()


class Refusal(Label):
    """Why ingest did not do what was asked."""

    BAD_JSON = 400, "The body must be JSON in UTF-8: one reaction or an array of them."
    BAD_KEY = 400, "A key is 1 to 64 printable ASCII characters."
    BAD_REQUEST = 400, "The request is not HTTP as it should be."
    NO_TOKEN = 401, "It is the host's to do: Authorization: Bearer TOKEN."
    NOT_HOST = 403, "The link is not this room's, or is over: ask for a new one."
    BAD_ROOM = 404, "A room is 1 to 63 of a-z, 0-9 and -, and does not start with -."
    NOT_FOUND = 404, "Reactions are posted to /v1/rooms/{room}/reactions."
    METHOD_NOT_ALLOWED = 405, "This address takes only the methods named in Allow."
    TOO_SLOW = 408, "The request did not come in time; send it in one go."
    ROOM_CLOSED = 409, "The room is closed: its host takes no reactions now."
    LENGTH_REQUIRED = 411, "Send a Content-Length; a chunked body is not read."
    STATE_CHANGED = 412, "Another host has changed the room: look, and try again."
    BODY_TOO_LARGE = 413, "A body has at most 128 KiB."
    TOO_MANY_REACTIONS = 413, "An array has at most 500 reactions."
    BAD_MEDIA_TYPE = 415, "Send application/json; reactions also as text/plain."
    BAD_ENCODING = 415, "A body is read as it comes: send no Content-Encoding."
    BAD_EXPECTATION = 417, "The one expectation that is met is 100-continue."
    BAD_STATE = 422, "A room's state is open, emoji and muted, and nothing else."
    NOTHING_ACCEPTABLE = 422, "None of the reactions can be accepted."
    RATE_LIMITED = 429, "Your address sends too much: come again after Retry-After."
    HEAD_TOO_LARGE = 431, "The address and headers of a request are too large."
    INTERNAL = 500, "A fault of ours; a batch may be stored: repeat it under its key."
    OVERLOADED = 503, "Too much comes in at a time, and this was not read: try again."
    NOT_READY = 503, "Reactions cannot be stored now."
    NOT_STORED = 503, "Reactions cannot be stored now, and none was: try again."
    UNKNOWN = 503, "The batch may be stored, or not: repeat it under its key."


_COME_AGAIN = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}


class Refused(Exception):
    """The request cannot be done; its sender is told why."""

    def __init__(
        self,
        refusal: Label,
        *,
        rejected: Sequence[Rejection] = (),
        help_: str | None = None,
        retry_after_s: int = RETRY_AFTER_S,
    ) -> None:
        super().__init__(refusal.label)
        self.refusal = refusal
        self.rejected = rejected
        self.help = help_ or refusal.help
        self.retry_after_s = retry_after_s

    @property
    def body(self) -> Mapping[str, object]:
        """What the answer says."""
        return {"error": self.refusal.label, "help": self.help}

    @property
    def headers(self) -> Mapping[str, str]:
        """What the answer's headers say of it."""
        if self.refusal.status in _COME_AGAIN:
            return {"Retry-After": str(self.retry_after_s)}
        return {}


class NotStored(Refused):
    """Nothing was handed to Kafka: the batch is certainly not stored."""

    def __init__(self) -> None:
        super().__init__(Refusal.NOT_STORED)


class OutcomeUnknown(Refused):
    """Kafka was handed the batch and did not say in time that it has it."""

    def __init__(self) -> None:
        super().__init__(Refusal.UNKNOWN)
