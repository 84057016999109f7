"""Records that nobody should write, and some that only look like them."""

import json
from collections.abc import Iterable

from ingest.topics import RECORD_MAX_BYTES
from stream.reject import Reason
from tests.integration.log_records import THREE, Headers, Record, record

ID = {"batch_id": b"id"}
GOOD = {**ID, "counts": b'{"a":2,"b":1}'}
HUGE = THREE + b" " * 990_000
"""What a record may be at most, as Kafka's topics and clients are set by default."""

LARGE = THREE.ljust(RECORD_MAX_BYTES + 1)
DEEP = b'[{"emoji_type":"a","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}]"

BURSTING = [char * 64 for char in '\1\2\3\\"']
"""Each short enough for an emoji, and up to 384 bytes in a frame."""

MANY = {str(number): 500 for number in range(100)}


def counts(text: str | bytes | None) -> Headers:
    return {**ID, "counts": text.encode() if isinstance(text, str) else text}


def reactions(emoji: Iterable[str]) -> bytes:
    return json.dumps([{"emoji_type": each} for each in emoji]).encode()


WRONG = Reason.WRONG_COUNTS

POISON: list[tuple[Record, Reason, int]] = [
    (record(THREE, GOOD, key=None), Reason.NO_ROOM, 0),
    (record(THREE, GOOD, key=b""), Reason.NO_ROOM, 0),
    (record(THREE, GOOD, key=b"Final"), Reason.NO_ROOM, 0),
    (record(THREE, GOOD, key=b"final\n"), Reason.NO_ROOM, 0),
    (record(THREE, GOOD, key=b"\xff"), Reason.NO_ROOM, 0),
    (record(THREE, GOOD, key=b"x" * 9999), Reason.NO_ROOM, 0),
    (record(HUGE, GOOD), Reason.TOO_LARGE, 0),
    (record(HUGE, ID), Reason.TOO_LARGE, 0),
    (record(LARGE, ID), Reason.TOO_LARGE, 0),
    (record(None, ID), Reason.NO_VALUE, 0),
    (record(None, GOOD), Reason.NO_VALUE, 3),
    (record(None, None), Reason.NO_VALUE, 0),
    (record(b"\xff\xfe", ID), Reason.BAD_UTF8, 0),
    (record(b'[{"emoji_type":"\xff"}]', ID), Reason.BAD_UTF8, 0),
    (record(b'[{"emoji_type":"\xed\xa0\x80"}]', ID), Reason.BAD_UTF8, 0),
    (record(b"\xff", GOOD), Reason.BAD_UTF8, 3),
    (record(b"", ID), Reason.BAD_JSON, 0),
    (record(b"{", ID), Reason.BAD_JSON, 0),
    (record(THREE[:-1], ID), Reason.BAD_JSON, 0),
    (record(THREE[:-1], GOOD), Reason.BAD_JSON, 3),
    (record(b'"x"', ID), Reason.BAD_JSON, 0),
    (record(b"null", ID), Reason.BAD_JSON, 0),
    (record(b'{"emoji_type":"a"}', ID), Reason.BAD_JSON, 0),
    (record(b'{"emoji_type":"a"}', counts('{"a":1}')), Reason.BAD_JSON, 1),
    (record(DEEP, ID), Reason.BAD_JSON, 0),
    (record(DEEP, GOOD), Reason.BAD_JSON, 3),
    (record(b"[" * 100_000, ID), Reason.BAD_JSON, 0),
    (record(THREE, counts('{"a":2}')), WRONG, 2),
    (record(THREE, counts('{"a":2,"b":2}')), WRONG, 4),
    (record(THREE, counts('{"a":501}')), WRONG, 0),
    (record(THREE, counts("{}")), WRONG, 0),
    (record(THREE, counts("{not json")), WRONG, 3),
    (record(THREE, counts('{"a":"two"}')), WRONG, 3),
    (record(THREE, counts("[3]")), WRONG, 3),
    (record(THREE, counts(b'{"\xff":3}')), WRONG, 3),
    (record(THREE, counts(None)), WRONG, 3),
    (record(b"[1]", counts("{not json")), WRONG, 0),
    (record(THREE, counts(json.dumps(dict.fromkeys(BURSTING, 1)))), WRONG, 0),
    (record(THREE, counts(r'{"a":2,"\"":1}')), WRONG, 2),
    (record(THREE, counts('{"a":2,"":1}')), WRONG, 2),
    (record(THREE, counts('{"a":499,"b":2}')), WRONG, 3),
    (record(THREE, counts(json.dumps(MANY))), WRONG, 3),
    (record(None, counts(json.dumps(MANY))), Reason.NO_VALUE, 0),
    (record(THREE, counts('{"a":2,"a":2}')), WRONG, 4),
    (record(THREE, counts('{"a":499,"a":2}')), WRONG, 3),
    (record(b"[]", ID), Reason.BAD_REACTIONS, 0),
    (record(b"[]", counts("{}")), Reason.BAD_REACTIONS, 0),
    (record(b"[1]", ID), Reason.BAD_REACTIONS, 0),
    (record(THREE[:-1] + b",1]", ID), Reason.BAD_REACTIONS, 0),
    (record(b'[{"emoji_type":5}]', ID), Reason.BAD_REACTIONS, 0),
    (record(b'[{"emoji_type":["a"]}]', ID), Reason.BAD_REACTIONS, 0),
    (record(THREE[:-1] + b',{"emoji_type":true}]', ID), Reason.BAD_REACTIONS, 3),
    (record(b'[{"emoji_type":null}]', ID), Reason.BAD_REACTIONS, 0),
    (record(THREE[:-1] + b",{}]", ID), Reason.BAD_REACTIONS, 3),
    (record(THREE[:-1] + b',{"emoji_type":""}]', ID), Reason.BAD_REACTIONS, 3),
    (record(reactions(BURSTING), ID), Reason.BAD_REACTIONS, 0),
    (record(reactions(["a", *BURSTING]), ID), Reason.BAD_REACTIONS, 1),
    (record(THREE, None), Reason.NO_BATCH_ID, 3),
    (record(THREE, {"counts": GOOD["counts"]}), Reason.NO_BATCH_ID, 3),
    (record(THREE, {**GOOD, "batch_id": b""}), Reason.NO_BATCH_ID, 3),
    (record(THREE, {**GOOD, "batch_id": None}), Reason.NO_BATCH_ID, 3),
    (record(THREE, {**GOOD, "batch_id": b"\xff"}), Reason.NO_BATCH_ID, 3),
]

"""Records, why they are rejected, and how many reactions are counted of them."""

FINE: list[tuple[Record, int]] = [
    (record(THREE.ljust(RECORD_MAX_BYTES), GOOD), 3),
    (record(THREE, GOOD), 3),
    (record(THREE, ID), 3),
    (record(b" \n" + THREE, ID), 3),
    (record(reactions(["a"] * 501), ID), 501),
    (record(THREE, counts('{"a":2,"b":1,"c":0}')), 3),
    (record(THREE, counts('{"a":2,"a":1}')), 3),
    (record(reactions(["a"] * 500), counts('{"a":499,"b":1}')), 500),
    (record(THREE, [*GOOD.items(), ("counts", b"{}"), ("batch_id", None)]), 3),
]
"""Records that are counted as they are meant, and how many reactions they hold."""
