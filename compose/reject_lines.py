"""Rejects as lines: for a person's terminal, which none may harm, and for programs."""

import base64
import datetime as dt
import json

from stream.reject import Reject

_VALUE_SHOWN = 60
"""Characters of a value; where more is wanted there is JSON."""


def text_line(reject: Reject) -> str:
    """Write a reject as `name=value` words; nothing that a terminal obeys is in it."""
    words = {
        "room": _harmless(reject.key),
        "reason": reject.reason,
        "at": f"{reject.partition}/{reject.offset}",
        "counted": str(reject.counted),
        "value": _harmless(reject.value),
    }
    return " ".join(
        [_time(reject), *(f"{name}={word}" for name, word in words.items())]
    )


def json_line(reject: Reject) -> str:
    """Write all that is known of a reject as one line of JSON, in ASCII."""
    return json.dumps(
        {
            "time": _time(reject),
            **_raw("room", reject.key),
            "reason": reject.reason,
            "topic": reject.topic,
            "partition": reject.partition,
            "offset": reject.offset,
            "counted": reject.counted,
            **_raw("value", reject.value),
            "cut_from_bytes": reject.cut_from_bytes,
        }
    )


def _time(reject: Reject) -> str:
    appended = dt.datetime.fromtimestamp(reject.appended_ms / 1000, dt.UTC)
    return appended.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _harmless(raw: bytes | None) -> str:
    """Return the beginning as Python writes it: what is not printable is escaped."""
    if raw is None:
        return "null"
    try:
        whole: str | bytes = raw.decode()
    except UnicodeDecodeError:
        whole = raw
    more = "…" if len(whole) > _VALUE_SHOWN else ""
    return repr(whole[:_VALUE_SHOWN]) + more


def _raw(name: str, raw: bytes | None) -> dict[str, str | None]:
    """Return what was sent, under another name where it is not text."""
    if raw is None:
        return {name: None}
    try:
        return {name: raw.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(raw).decode()}
