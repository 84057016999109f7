"""What a room takes: whether it is open, which emoji it offers, which are muted.

Each type here owns its wire form: what a host wishes (HTTP), what lies in Kafka, what
everybody is told (HTTP and MQTT), and what hosts are told of each other (HTTP).
"""

from collections.abc import Iterable
from typing import Annotated, Literal, Self

import msgspec

from ingest import emoji_table
from ingest.refusal import Refusal, Refused

EMOJI_MAX = 24
"""Emoji that a room offers at most, and that are muted at most."""

NAME_MAX_CHARS = 64

_NAMED_CHARS = 32
"""How much of what is no emoji is said back to its sender."""

Listed = Annotated[tuple[str, ...], msgspec.Meta(max_length=EMOJI_MAX)]
Offered = Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=EMOJI_MAX)]
HostName = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_MAX_CHARS)]

# Bad UTF-8 and deep nesting are no `MsgspecError`.
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole of what a host wants a room to be, emoji in canonical form.

    Attributes:
        open: Whether the room takes reactions.
        emoji: Those that it takes, in the host's order; None: any.
        muted: Those that it does not take for now, offered or not.
    """

    open: bool
    emoji: tuple[str, ...] | None
    muted: tuple[str, ...]

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Read the body of a PUT: emoji in any spelling, the same one as often.

        Raises:
            Refused: If it is no such wish; says what is wrong with it.
        """
        try:
            given = _wishes.decode(body)
        except msgspec.ValidationError as error:
            raise _bad_state(f"{error}.") from error
        except _UNREADABLE as error:
            help_ = "The body must be JSON in UTF-8."
            raise Refused(Refusal.BAD_JSON, help_=help_) from error
        offered = None if given.emoji is None else _canonical(given.emoji)
        muted = _canonical(given.muted)
        if offered is not None and not 1 <= len(offered) <= EMOJI_MAX:
            raise _bad_state(f"emoji is null for any, or 1 to {EMOJI_MAX} emoji.")
        if len(muted) > EMOJI_MAX:
            raise _bad_state(f"muted has {EMOJI_MAX} emoji at most.")
        return cls(given.open, offered, muted)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A change as it lies in Kafka, under the room's key: a wish, and whose it was.

    Its version and its time are Kafka's: the offset, and when it was appended.
    """

    v: Literal[1] = 1
    open: bool
    emoji: Offered | None
    muted: Listed
    by: HostName

    @classmethod
    def of(cls, wish: Wish, by: str) -> Self:
        """Return what is to be stored of a wish."""
        return cls(open=wish.open, emoji=wish.emoji, muted=wish.muted, by=by)

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a record's value.

        Raises:
            ValueError: If it is none.
        """
        try:
            return msgspec.json.decode(raw, type=cls)
        except _UNREADABLE as error:
            raise ValueError(str(error)) from error

    def encode(self) -> bytes:
        """Return the record's value."""
        return msgspec.json.encode(self)


class Change(msgspec.Struct, frozen=True):
    """What a host made of a room, as hosts are told it.

    Attributes:
        version: Higher than that of any change before; its place in Kafka's log.
        changed_ms: When Kafka had it, in milliseconds since the epoch.
        by: The host's name; told to hosts only.
        open, emoji, muted: As in `Wish`.
    """

    version: int
    changed_ms: int
    by: str
    open: bool
    emoji: tuple[str, ...] | None
    muted: tuple[str, ...]

    @classmethod
    def of(cls, entry: Entry, offset: int, appended_ms: int) -> Self:
        """Return the change that an entry is at its place in the log."""
        version = offset + 1  # 0 is what no host has touched
        return cls(version, appended_ms, entry.by, entry.open, entry.emoji, entry.muted)


class RoomState(msgspec.Struct, frozen=True, kw_only=True):
    """What a room takes now, as everybody is told it."""

    v: int = 1
    room: str
    version: int
    open: bool
    emoji: tuple[str, ...] | None
    muted: tuple[str, ...]
    changed_ms: int

    @classmethod
    def untouched(cls, room: str) -> Self:
        """Return the state of a room that no host ever changed: it takes anything."""
        return cls(room=room, version=0, open=True, emoji=None, muted=(), changed_ms=0)

    @classmethod
    def after(cls, change: Change, room: str) -> Self:
        """Return what a change made of its room."""
        return cls(
            room=room,
            version=change.version,
            open=change.open,
            emoji=change.emoji,
            muted=change.muted,
            changed_ms=change.changed_ms,
        )

    @property
    def restricts(self) -> bool:
        """Whether there is any reaction that it does not take."""
        return not self.open or self.emoji is not None or bool(self.muted)

    def allows(self, emoji: str) -> bool:
        """Tell whether it takes a canonical emoji while it is open."""
        is_offered = self.emoji is None or emoji in self.emoji
        return is_offered and emoji not in self.muted

    def encode(self) -> bytes:
        """Return what MQTT carries."""
        return msgspec.json.encode(self)


_wishes = msgspec.json.Decoder(Wish)


def _canonical(given: Iterable[str]) -> tuple[str, ...]:
    """Return each emoji once, in the order in which they were given."""
    return tuple(dict.fromkeys(map(_one_canonical, given)))


def _one_canonical(text: str) -> str:
    emoji = emoji_table.canonical(text)
    if emoji is None:
        raise _bad_state(f"{text[:_NAMED_CHARS]!r} is no emoji.")
    return emoji


def _bad_state(help_: str) -> Refused:
    return Refused(Refusal.BAD_STATE, help_=help_)
