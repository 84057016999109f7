"""Which batch a record is of, as `stream.record` reads it; needs no Spark.

A new epoch leaves out the batches that earlier ones have counted: both must know a
batch by the same name, also where somebody else wrote the record.
"""

from collections.abc import Sequence

from ingest.topics import BATCH_ID_HEADER


def batch_of(
    key: str | bytes | None, headers: Sequence[tuple[str, str | bytes | None]] | None
) -> tuple[str, str] | None:
    """Return room and batch id; None where a repeat could not be known by them."""
    ids = [value for name, value in headers or () if name == BATCH_ID_HEADER]
    if not key or not ids or not ids[0]:
        return None
    try:
        return _text(key), _text(ids[0])
    except UnicodeDecodeError:
        return None


def _text(raw: str | bytes) -> str:
    return raw if isinstance(raw, str) else raw.decode()
