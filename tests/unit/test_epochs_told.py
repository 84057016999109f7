"""What `up` says of a new epoch."""

from compose.epochs import told
from stream.epoch import Epoch, Shape

SHAPE = Shape("reactions", "id", window_ms=2000, dedupe_s=60, shuffle_partitions=2)
NOON_MS = 1795262400000


def epoch(name: str, cut: tuple[str, int] | None = None) -> Epoch:
    return Epoch(name, SHAPE, cut, {}, [], NOON_MS, "window_ms is 1000, was 2000")


def test_up_says_which_epoch_has_begun_since_when_and_why() -> None:
    said = told(epoch("first"), epoch("second"))

    assert said is not None
    assert "new epoch, second: window_ms is 1000, was 2000." in said
    assert "from 2026-11-21 12:00 UTC on" in said
    assert "Totals go on exactly." in said


def test_an_epoch_is_told_too_where_all_of_the_streams_folder_was_lost() -> None:
    assert told(None, epoch("second", cut=("first", 7))) is not None


def test_nothing_is_said_where_nothing_has_begun() -> None:
    assert told(epoch("first"), epoch("first")) is None
    assert told(None, epoch("first")) is None
    assert told(epoch("first"), None) is None
