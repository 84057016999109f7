"""Frames for tests that care about whose and how new they are, not what they say."""

from ingest.kafka_log import Record
from stream.frame import Frame, Times, epoch_text
from stream.topics import PULSE_KEY

WINDOW_MS = 2000


def frame(room: str, seq: int, window: int, *, epoch: int = 1, total: int = 0) -> Frame:
    return Frame(
        v=1,
        room=room,
        epoch=epoch_text(epoch),
        seq=seq,
        window_start_ms=window * WINDOW_MS,
        window_ms=WINDOW_MS,
        counts={"🔥": 1},
        other=0,
        scaled={"🔥": 1},
        share={"🔥": 1.0},
        mood={"joy": 1.0},
        sentiment={"positive": 1.0},
        total=total,
        totals={"🔥": total},
        times=Times(appended_ms=1, made_ms=2),
    )


def hearts(
    count: int,
    *,
    seq: int = 1,
    room: str = "final",
    epoch: str = epoch_text(1),
    start_ms: int = WINDOW_MS,
) -> Frame:
    """Return a frame of a room in which there was only love."""
    return Frame(
        v=1,
        room=room,
        epoch=epoch,
        seq=seq,
        window_start_ms=start_ms,
        window_ms=WINDOW_MS,
        counts={"❤️": count},
        other=0,
        scaled={"❤️": 1},
        share={"❤️": 1.0},
        mood={"love": 1.0},
        sentiment={"positive": 1.0},
        total=count,
        totals={"❤️": count},
        times=Times(appended_ms=1000, made_ms=1300),
    )


def record(of: Frame, offset: int = 0) -> Record:
    return Record(of.room.encode(), of.encode(), 0, offset, 0)


def pulse_record(raw: bytes) -> Record:
    return Record(PULSE_KEY, raw, 0, 0, 0)
