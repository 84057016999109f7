"""Every answer of this app that is not a success: its label, its status and help."""

from ingest.refusal import Label, Refused
from ingest.refusal import Refusal as IngestRefusal


class Refusal(Label):
    """Why this app did not do what was asked."""

    BAD_REQUEST = IngestRefusal.BAD_REQUEST.value
    BAD_ROOM = IngestRefusal.BAD_ROOM.value
    NO_FRAME = 404, "The room has no frame: nobody reacted there yet."
    NOT_FOUND = 404, "What can be asked for is listed in /openapi.json."
    METHOD_NOT_ALLOWED = IngestRefusal.METHOD_NOT_ALLOWED.value
    RATE_LIMITED = IngestRefusal.RATE_LIMITED.value
    INTERNAL = 500, "A fault of ours: try again, or tell us."
    NOT_READY = 503, "Frames cannot be read now."
    STALE = 503, "What is newest cannot be known now: try again."


class NoFrame(Refused):
    """The room never had a frame."""

    def __init__(self) -> None:
        super().__init__(Refusal.NO_FRAME)


class Stale(Refused):
    """What is newest cannot be known now; says why."""

    def __init__(self, why: str) -> None:
        super().__init__(Refusal.STALE, help_=f"{why}: what is newest is not known.")
