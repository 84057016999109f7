"""A ledger to be shown, and who has it."""

import msgspec

from clients.web.refusal import NoLedger
from stream.auditor.ledger import Line, Overview, RoomLedger, RoomSummary

MINUTE_MS = 1_795_226_340_000


def line(minute_ms: int | None = MINUTE_MS, *, counted: int = 97) -> Line:
    """Return a line that has something in every column."""
    return Line(
        minute_ms=minute_ms,
        posts=12,
        received=110,
        accepted=104,
        unknown=2,
        rejected={"bad_emoji": 4},
        refused={"not_stored": 1},
        stored=107,
        repeated=6,
        overdue=0,
        unreadable=3,
        late=1,
        counted=counted,
        published=90,
        difference=97 - counted,
        is_settled=True,
    )


def ledger(
    room: str = "final", *, counted: int = 97, is_wrong: bool = False
) -> RoomLedger:
    return RoomLedger(
        room=room,
        as_of_ms=MINUTE_MS + 90_000,
        since_ms=0,
        total=counted,
        total_before=0,
        is_wrong=is_wrong,
        workers_lost=0,
        sum=line(None, counted=counted),
        minutes=[line(counted=counted)],
    )


def overview(*rooms: RoomSummary, worst: str | None = None) -> Overview:
    return Overview(
        as_of_ms=MINUTE_MS + 90_000,
        since_ms=0,
        rooms=[*rooms],
        rooms_wrong=sum(room.is_wrong for room in rooms),
        worst=worst,
        gaps=[],
    )


class Ledgers:
    """Half of all rooms have a ledger, if the auditor is there at all."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.problem = problem
        self.asked: list[tuple[str, int]] = []

    def room(self, room: str, minutes: int) -> bytes:
        self.asked.append((room, minutes))
        if self.problem:
            raise self.problem
        if len(room) % 2 == 0:
            raise NoLedger
        return msgspec.json.encode(ledger(room))

    def overview(self) -> bytes:
        if self.problem:
            raise self.problem
        rooms = RoomSummary(
            room="final", stored=107, counted=97, difference=0, is_wrong=False
        )
        return msgspec.json.encode(overview(rooms))
