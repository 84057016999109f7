"""The reaction: one emoji from one user at one moment, and its form on the wire.

Reads the body of a POST, which strangers send: all that can be accepted is, and
the rest is named by its place and a reason. Nothing here knows of HTTP.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec

from ingest import emoji_table
from ingest.refusal import Refusal, Refused, Rejection
from ingest.topics import RECORD_REACTIONS_MAX

UserId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]

TimestampMs = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
"""Bounded by what every reader of JSON keeps exact."""


class Reaction(msgspec.Struct, frozen=True, gc=False):
    """One emoji from one user; `timestamp` is milliseconds on the sender's clock."""

    user_id: UserId
    emoji_type: str
    timestamp: TimestampMs


class Reason(StrEnum):
    """Why one reaction of a POST was left out."""

    NOT_AN_OBJECT = "not_an_object"
    MISSING_FIELD = "missing_field"
    BAD_USER_ID = "bad_user_id"
    BAD_EMOJI = "bad_emoji"
    BAD_TIMESTAMP = "bad_timestamp"
    EMOJI_NOT_OFFERED = "emoji_not_offered"


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a body held: the reactions to keep, emoji fully qualified, and the rest."""

    accepted: Sequence[Reaction]
    rejected: Sequence[Rejection]


class _Fields(msgspec.Struct):
    """An object that may be a reaction; a field that it lacks is empty."""

    user_id: msgspec.Raw = msgspec.Raw()
    emoji_type: msgspec.Raw = msgspec.Raw()
    timestamp: msgspec.Raw = msgspec.Raw()


_Element = TypeVar("_Element")

# Bad UTF-8 and deep nesting are no `MsgspecError`.
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

_strict = msgspec.json.Decoder(list[Reaction] | Reaction)
_whole = msgspec.json.Decoder(msgspec.Raw)
_elements = msgspec.json.Decoder(list[msgspec.Raw])
_fields = msgspec.json.Decoder(_Fields)
_user_id = msgspec.json.Decoder(UserId)
_emoji_type = msgspec.json.Decoder(str)
_timestamp = msgspec.json.Decoder(TimestampMs)


def decode(body: bytes) -> Decoded:
    """Read one reaction, or an array of them.

    Raises:
        Refused: If the body is not JSON, or holds too many of them.
    """
    try:
        read = _strict.decode(body)
    except _UNREADABLE:
        return _sort(map(_read, _limited(_split(body))))
    reactions = _limited(read if isinstance(read, list) else [read])
    if all(map(_is_kept, {reaction.emoji_type for reaction in reactions})):
        return Decoded(reactions, ())  # the usual case, in half the time
    return _sort(reactions)


def _split(body: bytes) -> list[msgspec.Raw]:
    try:
        whole = _whole.decode(body)
        return _elements.decode(whole) if bytes(whole)[:1] == b"[" else [whole]
    except _UNREADABLE as error:
        raise Refused(Refusal.BAD_JSON) from error


def _limited(elements: list[_Element]) -> list[_Element]:
    if len(elements) > RECORD_REACTIONS_MAX:
        raise Refused(Refusal.TOO_MANY_REACTIONS)
    return elements


def _read(element: msgspec.Raw) -> Reaction | Reason:
    """Read field by field, to tell what is wrong where something is."""
    wrong = Reason.NOT_AN_OBJECT
    try:
        fields = _fields.decode(element)
        if not (fields.user_id and fields.emoji_type and fields.timestamp):
            return Reason.MISSING_FIELD
        wrong = Reason.BAD_USER_ID
        user_id = _user_id.decode(fields.user_id)
        wrong = Reason.BAD_EMOJI
        emoji_type = _emoji_type.decode(fields.emoji_type)
        wrong = Reason.BAD_TIMESTAMP
        timestamp = _timestamp.decode(fields.timestamp)
    except _UNREADABLE:
        return wrong
    return Reaction(user_id, emoji_type, timestamp)


def _sort(elements: Iterable[Reaction | Reason]) -> Decoded:
    """Part the reactions to keep from those with a reason not to."""
    accepted: list[Reaction] = []
    rejected: list[Rejection] = []
    for index, element in enumerate(elements):
        kept = element if isinstance(element, Reason) else _canonical(element)
        if isinstance(kept, Reason):
            rejected.append(Rejection(index, kept))
        else:
            accepted.append(kept)
    return Decoded(accepted, rejected)


def _canonical(reaction: Reaction) -> Reaction | Reason:
    emoji = emoji_table.canonical(reaction.emoji_type)
    if emoji is None:
        return Reason.BAD_EMOJI
    if emoji == reaction.emoji_type:
        return reaction
    return msgspec.structs.replace(reaction, emoji_type=emoji)


def _is_kept(emoji_type: str) -> bool:
    return emoji_table.canonical(emoji_type) == emoji_type
