"""What a record of `reactions` says: the columns that counting and rejecting share.

Whoever can write to Kafka can write anything. A column is null where nothing can be
read, and none of them ever ends a query. Native functions only: a function in Python
would double the cost.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

from ingest.topics import (
    BATCH_ID_HEADER,
    COUNTS_HEADER,
    RECORD_MAX_BYTES,
    RECORD_REACTIONS_MAX,
)
from mosquitto.topic import ROOM_PATTERN

EMOJI_MAX_BYTES = 64
"""The longest emoji of Unicode has 35 bytes."""

_ESCAPED = r'["\\\x00-\x1f]'
"""What takes up to six times its bytes in JSON, and is in no emoji."""

_PAIRS = "array<struct<emoji:string,count:bigint>>"


def room() -> Column:
    """Return the room that the key names."""
    key = F.col("key").cast("string")
    # `$` would let a line end pass that no room has.
    return F.when(key.rlike(rf"\A{ROOM_PATTERN}\z"), key)


def batch_id() -> Column:
    """Return what repeats of the record are known by; an empty one tells nothing."""
    return F.nullif(_header(BATCH_ID_HEADER), F.lit(""))


def is_too_large() -> Column:
    """Tell whether the value is longer than any that ingest can write."""
    return F.coalesce(F.octet_length("value"), F.lit(0)) > RECORD_MAX_BYTES


def text() -> Column:
    """Return the value if it is text in UTF-8 and not too large."""
    as_text = F.try_validate_utf8(F.col("value").cast("string"))
    return F.when(~is_too_large(), as_text)


def has_counts_header() -> Column:
    """Tell whether there is a header `counts`, readable or not; null if no headers."""
    return F.exists("headers", lambda header: header["key"] == F.lit(COUNTS_HEADER))


def counts_in_header() -> Column:
    """Return what is possible of the header: array of `emoji`, `count`.

    Null where nothing can be read, and where the sum is more than a record can hold:
    then there is no telling which pair is true. Where a key comes twice, both count.
    """
    said = F.from_json(_header(COUNTS_HEADER), "map<string,bigint>")
    pairs = countable(F.map_entries(said).cast(_PAIRS))
    # An array of one gives it a name: what is written twice is computed twice.
    possible = F.filter(
        F.array(pairs), lambda counts: reactions_in(counts) <= RECORD_REACTIONS_MAX
    )
    return F.get(possible, F.lit(0))


def counts_in_value(value: Column) -> Column:
    """Return all that a value's text says, a pair for each reaction.

    A number or an object in place of a text is no emoji; `from_json` would write it as
    one, and take what is no array for an array of one.
    """
    reactions = F.from_json(
        F.when(value.rlike(r"\A\s*\["), value), "array<struct<emoji_type:variant>>"
    )
    one_each = F.transform(
        reactions, lambda reaction: F.struct(_text_in(reaction["emoji_type"]), F.lit(1))
    )
    return one_each.cast(_PAIRS)


def countable(counts: Column) -> Column:
    """Return the pairs that a record of ours can hold.

    What lies outside of these bounds could overflow a sum or burst a frame, and end
    the query again and again.
    """
    return F.filter(
        counts,
        lambda pair: (
            pair["count"].between(1, RECORD_REACTIONS_MAX)
            & F.octet_length(pair["emoji"]).between(1, EMOJI_MAX_BYTES)
            & ~pair["emoji"].rlike(_ESCAPED)
        ),
    )


def reactions_in(counts: Column) -> Column:
    """Return the sum of countable pairs; null for null."""
    zero = F.lit(0).cast("bigint")
    return F.aggregate(counts, zero, lambda so_far, pair: so_far + pair["count"])


def _text_in(value: Column) -> Column:
    is_text = F.schema_of_variant(value) == F.lit("STRING")
    return F.when(is_text, F.try_variant_get(value, "$", "string"))


def _header(name: str) -> Column:
    # `get` gives null where the header is missing; `[0]` would end the query.
    named = F.filter("headers", lambda header: header["key"] == F.lit(name))
    return F.try_validate_utf8(F.get(named, F.lit(0))["value"].cast("string"))
