"""The reject: a record of `reactions` that was not counted as its sender meant.

It is in the topic `rejects` with the key and the value that it had; headers say why
it is there, where it came from, and what was counted of it all the same. A record is
known by topic, partition and offset: after a restart it may be there twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

KEY_KEPT_BYTES = 1024
"""Of a key that long, which names no room, only the beginning is kept."""


class Reason(StrEnum):
    """Why a record is in `rejects`, the first that holds, and what is counted of it.

    What is counted comes from the header `counts` where that can be read and is no
    more than a record can hold, from the value where not.

    Attributes:
        NO_ROOM: The key is missing or no room's name. Nothing is counted.
        TOO_LARGE: The value is longer than any of ingest's. Nothing is counted; of
            the value only the beginning is kept.
        NO_VALUE: The value is null. Counted by its header.
        BAD_UTF8: The value is not UTF-8. Counted by its header.
        BAD_JSON: The value is no JSON array. Counted by its header.
        WRONG_COUNTS: The header is there and cannot be read, or is more than a record
            can hold: counted by the value. Or what is possible of it adds up to
            another number than the value has elements: counted by the header.
        BAD_REACTIONS: The value is an array of nothing. Or there is no such header,
            and not all elements are reactions: what can be counted is.
        NO_BATCH_ID: All is counted, but a repeat of it would be, too.
    """

    NO_ROOM = "no_room"
    TOO_LARGE = "too_large"
    NO_VALUE = "no_value"
    BAD_UTF8 = "bad_utf8"
    BAD_JSON = "bad_json"
    WRONG_COUNTS = "wrong_counts"
    BAD_REACTIONS = "bad_reactions"
    NO_BATCH_ID = "no_batch_id"


class Header(StrEnum):
    """What is said of a reject, as text.

    Attributes:
        REASON: A `Reason`.
        TOPIC: Where it came from, with `PARTITION` and `OFFSET`.
        APPENDED_MS: When Kafka had stored it there, since the epoch.
        COUNTED: How many reactions the stream counts of it, unless it is a repeat.
        CUT: Bytes that its value had, where not all are here.
    """

    REASON = "reason"
    TOPIC = "topic"
    PARTITION = "partition"
    OFFSET = "offset"
    APPENDED_MS = "appended_ms"
    COUNTED = "counted"
    CUT = "cut"


_YEAR_10000_MS = 253_402_300_800_000


@dataclass(frozen=True, slots=True)
class Reject:
    """One record of `rejects`; key and value are what somebody sent, byte for byte.

    Attributes:
        cut_from_bytes: How long the value was, if not all of it is here.
    """

    reason: Reason
    topic: str
    partition: int
    offset: int
    appended_ms: int
    counted: int
    key: bytes | None
    value: bytes | None
    cut_from_bytes: int | None

    @classmethod
    def read(
        cls,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]],
    ) -> Self:
        """Read a record of the topic.

        Raises:
            ValueError: If the stream did not write it.
        """
        said = {name: (text or b"").decode() for name, text in headers}
        missing = [each for each in Header if each not in said and each != Header.CUT]
        if missing:
            raise ValueError(f"no header {missing[0]!r}")
        return cls(
            Reason(said[Header.REASON]),
            said[Header.TOPIC],
            *_numbers(said),
            key,
            value,
            int(said[Header.CUT]) if Header.CUT in said else None,
        )


def _numbers(said: Mapping[str, str]) -> tuple[int, int, int, int]:
    appended_ms = int(said[Header.APPENDED_MS])
    if not 0 <= appended_ms < _YEAR_10000_MS:
        raise ValueError(f"{appended_ms} ms is no time")
    return (
        int(said[Header.PARTITION]),
        int(said[Header.OFFSET]),
        appended_ms,
        int(said[Header.COUNTED]),
    )
