"""The ledger on the wire: what the books say of a room, and of all of them.

No number of a line is derived from another but `difference`.
"""

import msgspec

MINUTE_MS = 60_000

SETTLED_AFTER_MS = 60_000
"""How long after its end a minute must be at zero."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to a room in a minute of broker time, or in all of them together.

    Attributes:
        minute_ms: When the minute began; None for the sum.
        posts: POSTs that came, by ingest's own count; with `received` (reactions read
            out of their bodies), `accepted` (answered 202), `unknown` (503 `unknown`),
            `rejected` (reactions left out, by reason), `refused` (POSTs, by label).
        is_exact: Whether ingest's counts are complete; a worker that was killed takes
            those of its last second with it.
        stored: Reactions that Kafka keeps, unreadable ones and repeats included.
        repeated: Those of a batch that was stored shortly before.
        overdue: Those of a batch that was stored before, but longer ago than repeats
            are known. They are not in `repeated`; the stream may have dropped them.
        unreadable: Those that are no reaction.
        late: Those stored after the broker's clock was set back too far.
        counted: Those that the stream's frames show.
        published: Those that a cluster's broker shows; less while frames are overtaken.
        difference: stored - repeated - unreadable - late - counted.
        is_settled: Whether there was time enough to count everything.
    """

    minute_ms: int | None
    posts: int = 0
    received: int = 0
    accepted: int = 0
    unknown: int = 0
    rejected: dict[str, int] = {}
    refused: dict[str, int] = {}
    is_exact: bool = True
    stored: int = 0
    repeated: int = 0
    overdue: int = 0
    unreadable: int = 0
    late: int = 0
    counted: int = 0
    published: int = 0
    difference: int = 0
    is_settled: bool = False


class RoomLedger(msgspec.Struct, frozen=True, kw_only=True):
    """The books of one room.

    Attributes:
        as_of_ms: All that was stored before has been read.
        since_ms: The books of all rooms begin here; 0 for the logs' beginning.
        total: As the room's newest frame says; None if there was none.
        total_before: How much of it is from before the books began; None if not known.
        total_difference: total - total_before - all that frames have counted, at the
            end of a trigger: not zero, the stream adds up otherwise than it counts.
        is_wrong: Whether they do not add up, up to the newest settled minute.
        workers_lost: Of ingest, that went without a word since the books began.
        sum: All minutes together.
        minutes: Those in which something happened, newest first.
    """

    v: int = 1
    room: str
    as_of_ms: int
    since_ms: int
    total: int | None
    total_before: int | None
    total_difference: int = 0
    is_wrong: bool
    workers_lost: int
    sum: Line
    minutes: list[Line]


class RoomSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One room in the overview; `total_difference` as in its ledger."""

    room: str
    stored: int
    counted: int
    difference: int
    total_difference: int = 0
    is_wrong: bool


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Records that were gone before they could be read: from `first` up to `next`."""

    topic: str
    partition: int
    first: int
    next: int
    seen_ms: int


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The books of all rooms.

    Attributes:
        rooms: At most 100, those whose books are wrong first, then by `stored`.
        rooms_wrong: How many there are whose books are wrong.
        worst: The wrong room whose difference is the largest.
        gaps: What retention removed unread; the books begin after it.
    """

    v: int = 1
    as_of_ms: int
    since_ms: int
    rooms: list[RoomSummary]
    rooms_wrong: int
    worst: str | None
    gaps: list[Gap]
