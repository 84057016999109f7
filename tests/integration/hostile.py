"""Requests that mean no good: bodies, headers and lengths, the same for a seed."""

import gzip
import json
import random
from collections.abc import Callable, Sequence

BODY_MAX_BYTES = 128 * 1024

_MEDIA_TYPES = [
    *["application/json"] * 60,
    *["text/plain", "text/plain;charset=UTF-8"] * 10,
    *[
        "",
        "*/*",
        ";",
        "a/b;" * 50,
        "APPLICATION/JSON",
        "application/json;charset=utf-7",
    ],
    *["application/x-www-form-urlencoded", "application/octet-stream", "image/png"],
    *[
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "text/html",
        "\xff/\xff",
    ],
    *["application/xml", "application/x-ndjson", "application/cbor", "video/mp4"],
]

_ODD_HEADERS = [
    "Content-Encoding: gzip",
    "Content-Encoding: identity",
    "Content-Language: xx",
    "Idempotency-Key: \xff",
    "Idempotency-Key: " + "k" * 65,
    "Idempotency-Key: k",
    "X-Forwarded-For: 192.0.2.1, ::1",
    "Forwarded: for=x;" * 20,
    "Connection: upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
    "Expect: 100-continue",
    "Expect: nothing",
    "Cookie: " + "a=b; " * 1000,
    "X: " + "x" * 9000,
    "Range: bytes=0-",
    "Content-Length: 5",
    *[
        f"Transfer-Encoding: {coding}"
        for coding in ("chunked", "gzip", "gzip, chunked")
    ],
    *["Transfer-Encoding: identity", "Transfer-Encoding: x", "Transfer-Encoding:"],
    "X_Y: z",
    *["A: b\r\n" * count + "A: b" for count in (50, 120)],
]

_PATHS = [
    *["/v1/reactions", "/v1/rooms/final/reactions"] * 40,
    *["/v1/rooms/%00/reactions", "/v1/rooms/%F0%9F%98%82/reactions", "/v1/rooms/../x"],
    *["/v1/reactions?key=%FF", "/v1/reactions?" + "key=k&" * 300, "/%", "//", "*"],
    *["/v1/rooms/" + "a" * 3000 + "/reactions", "http://other/v1/reactions"],
]


def requests(count: int, seed: int) -> Sequence[bytes]:
    """Return so many requests."""
    chance = random.Random(seed)
    return [_request(chance) for _ in range(count)]


def _request(chance: random.Random) -> bytes:
    body = chance.choice(_BODIES)(chance)
    length = len(body)
    if chance.random() < 0.02:
        body, length = b"", chance.choice([BODY_MAX_BYTES + 1, 10**12, 10**30])
    method = chance.choice([*["POST"] * 60, "PUT", "GET", "BREW"])
    [odd_count] = chance.choices(range(4), (80, 12, 5, 3))
    odd = chance.sample(_ODD_HEADERS, odd_count)
    is_coded = any(header.startswith("Transfer-Encoding") for header in odd)
    has_length = not is_coded or chance.random() < 0.5
    lines = [
        f"{method} {chance.choice(_PATHS)} HTTP/1.1",
        "Host: here",
        f"Content-Type: {chance.choice(_MEDIA_TYPES)}",
        *([f"Content-Length: {length}"] if has_length else []),
        *odd,
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _reaction(chance: random.Random) -> dict[str, object]:
    fields: dict[str, object] = {
        "user_id": "u",
        "emoji_type": "❤️",
        "timestamp": 1_795_226_378_000,
    }
    odd = [0, -1, 2**53, 2**64, 10**400, 1.5, 1e300, "", "x" * 3000, "\0", None, True]
    odd += [[], {}, "\ud800", "❤️❤️", "\u202e", "é" * 64, "❤️" * 64, [[[]]], {"a": {}}]
    fields[chance.choice([*fields, "more"])] = chance.choice(odd)
    if chance.random() < 0.2:
        del fields[chance.choice([*fields])]
    return fields


def _one(chance: random.Random) -> bytes:
    return json.dumps(_reaction(chance)).encode()


def _many(chance: random.Random) -> bytes:
    count = chance.choice([0, 1, 2, 10, 20, 40, 500, 501])
    some = [_one(chance) for _ in range(min(count, 5))]
    return b"[%s]" % b",".join(some[n % len(some)] for n in range(count))


def _nested(chance: random.Random) -> bytes:
    opening = chance.choice([b"[", b'{"a":', b'[{"user_id":', b'{"emoji_type":['])
    depth = chance.choice([10, 100, 1000, 30_000])
    closing = {b"[": b"]", b'{"a":': b"}"}.get(opening, b"")
    return (opening * depth + closing * depth)[:BODY_MAX_BYTES]


def _digits(chance: random.Random) -> bytes:
    digits = b"9" * chance.choice([20, 400, 5000, 5000, 100_000])
    return b'{"user_id":"u","emoji_type":"x","timestamp":%s}' % digits


def _repeated_names(chance: random.Random) -> bytes:
    names = b'"user_id":"u",' * chance.choice([2, 20, 200, 5000])
    return b'{%s"emoji_type":"\xf0\x9f\x98\x82","timestamp":1}' % names


def _not_utf_8(chance: random.Random) -> bytes:
    odd = [
        b"\xff",
        b"\xed\xa0\x80",
        b"\xc0\xaf",
        b"\xf4\x90\x80\x80",
        b"\xfe\xff",
        b"\x80",
    ]
    return b'{"user_id":"%s","emoji_type":"x","timestamp":1}' % chance.choice(odd)


def _escapes(chance: random.Random) -> bytes:
    odd = [rb"\ud800", rb"\udc00\ud800", rb"\u0000", rb"\x", rb"\u12", b"\0", b"\n"]
    return b'["%s"]' % (chance.choice(odd) * chance.choice([1, 1000]))


def _noise(chance: random.Random) -> bytes:
    return chance.randbytes(chance.choice([0, 1, 100, 20_000]))


def _huge_text(chance: random.Random) -> bytes:
    text = chance.choice([b"x", "❤️".encode(), b" ", rb"\u0041"])
    length = chance.choice([1000, 10_000, 10_000, BODY_MAX_BYTES])
    return b'["%s"]' % (text * ((length - 4) // len(text)))


def _packed(chance: random.Random) -> bytes:
    return chance.choice(_PACKED)


def _words(chance: random.Random) -> bytes:
    words = [b"", b" ", b"null", b"NaN", b"Infinity", b"-0", b"1e9999", b'"', b"[,]"]
    return chance.choice([*words, b"\xef\xbb\xbf[]", b"[]]", b"//", b"{}{}", b"[1" * 9])


_PACKED = [gzip.compress(b"[" * count, mtime=0) for count in (100, 50_000_000)]
"""The second is a bomb."""

_BODIES: Sequence[Callable[[random.Random], bytes]] = (
    *(_one, _many, _nested, _digits, _repeated_names, _not_utf_8, _escapes),
    *(_noise, _huge_text, _packed, _words, _one, _many, _words, _not_utf_8),
)
