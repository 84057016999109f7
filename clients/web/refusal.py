"""Every answer of this app that is not a success: its label, its status and help."""

from collections.abc import Mapping

from clients.worker.wire import HELP, JoinProblem
from ingest.refusal import Label, Refused
from ingest.refusal import Refusal as IngestRefusal

FULL_RETRY_AFTER_S = 5
"""Until leases end, and somebody has left."""


class Refusal(Label):
    """Why this app did not do what was asked."""

    BAD_JSON = (
        400,
        'The body is an object in JSON: {"room": "final", "profile": "full"}.',
    )
    BAD_MINUTES = 400, "minutes is a number from 1 to 1440."
    BAD_REQUEST = IngestRefusal.BAD_REQUEST.value
    NOT_ALLOWED = 401, "It is the operator's to read: Authorization: Bearer KEY."
    BAD_ROOM = IngestRefusal.BAD_ROOM.value
    NO_FRAME = 404, "The room has no frame: nobody reacted there yet."
    NO_LEDGER = 404, "Nothing is known of the room: nobody reacted there yet."
    NOT_FOUND = 404, "What can be asked for is listed in /openapi.json."
    METHOD_NOT_ALLOWED = IngestRefusal.METHOD_NOT_ALLOWED.value
    LENGTH_REQUIRED = IngestRefusal.LENGTH_REQUIRED.value
    BODY_TOO_LARGE = 413, "The body has at most 1 KiB here."
    BAD_MEDIA_TYPE = 415, "Content-Type must be application/json."
    BAD_ENCODING = IngestRefusal.BAD_ENCODING.value
    BAD_PROFILE = 422, HELP[JoinProblem.BAD_PROFILE]
    RATE_LIMITED = IngestRefusal.RATE_LIMITED.value
    INTERNAL = 500, "A fault of ours: try again, or tell us."
    FULL = 503, "Every cluster is full: try again later."
    NOT_BUILT = 503, "The pages are not built here: make setup."
    NOT_READY = 503, "Frames cannot be read now."
    NO_AUDITOR = 503, "The ledger cannot be read now: try again."
    NO_CLUSTER = 503, "No cluster takes clients now: try again."
    STALE = 503, "What is newest cannot be known now: try again."


class NoFrame(Refused):
    """The room never had a frame."""

    def __init__(self) -> None:
        super().__init__(Refusal.NO_FRAME)


class Stale(Refused):
    """What is newest cannot be known now; says why."""

    def __init__(self, why: str) -> None:
        super().__init__(Refusal.STALE, help_=f"{why}: what is newest is not known.")


class NoLedger(Refused):
    """Nothing is known of the room."""

    def __init__(self) -> None:
        super().__init__(Refusal.NO_LEDGER)


class NoAuditor(Refused):
    """The ledger cannot be read now; says why."""

    def __init__(self, why: str) -> None:
        super().__init__(Refusal.NO_AUDITOR, help_=f"{why}: try again.")


class BadMinutes(Refused):
    """So many minutes are not kept."""

    def __init__(self) -> None:
        super().__init__(Refusal.BAD_MINUTES)


class NoCluster(Refused):
    """There is no place anywhere, as far as is known; says why."""

    def __init__(self, why: str) -> None:
        super().__init__(Refusal.NO_CLUSTER, help_=f"{why}: try again.")


class Full(Refused):
    """Every cluster that lives takes nobody more; says why if not for their number."""

    def __init__(self, why: str = "Every cluster is full") -> None:
        super().__init__(
            Refusal.FULL,
            help_=f"{why}: try again later.",
            retry_after_s=FULL_RETRY_AFTER_S,
        )


class NotAllowed(Refused):
    """Only the operator may, and somebody else asked."""

    def __init__(self) -> None:
        super().__init__(Refusal.NOT_ALLOWED)

    @property
    def headers(self) -> Mapping[str, str]:
        """What the answer's headers say of it."""
        return {"WWW-Authenticate": "Bearer"}
