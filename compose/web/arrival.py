"""What has come of one request: whether a thread can take it over.

Pure, and no parser: gunicorn reads the request. This only tells where the head ends
and how long the body will be. Where gunicorn sees it in another way, the connection
ends (`compose.web.worker`), so nobody gains from a request that looks like two.
"""

import re

HEAD_MAX_BYTES = 16 * 1024
"""Of a request line and all headers."""

_HEAD_END = re.compile(rb"\n\r?\n")
_HEAD_END_MAX_BYTES = 3
# Of a head in lower case.
_LENGTH = re.compile(rb"\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r?\n")
_CODED = b"\ntransfer-encoding:"
_CONTINUE = re.compile(rb"\nexpect:[ \t]*100-continue[ \t]*\r?\n")


class Arrival:
    """A request as it comes in.

    Args:
        body_max_bytes: A longer body is not waited for: it will be refused unread.
    """

    def __init__(self, body_max_bytes: int) -> None:
        self._body_max_bytes = body_max_bytes
        self._come = bytearray()
        self.head = b""
        """Empty until it is whole."""
        self.body_bytes = 0
        """How long the body is that is waited for; known with the head."""

    def add(self, piece: bytes) -> None:
        """Take what came next."""
        searched = max(0, len(self._come) - _HEAD_END_MAX_BYTES)
        self._come += piece
        if self.head:
            return
        if end := _HEAD_END.search(self._come, searched):
            self.head = bytes(self._come[: end.end()])
            del self._come[: end.end()]
            self.body_bytes = _awaited_bytes(self.head, self._body_max_bytes)

    @property
    def is_whole(self) -> bool:
        """Whether nothing more has to come before it can be answered."""
        return bool(self.head) and len(self._come) >= self.body_bytes

    @property
    def wanted_bytes(self) -> int:
        """How much more is read of it, while it is neither whole nor too large.

        What comes after it stays with the kernel, but for what came with its head.
        """
        most = self.body_bytes if self.head else HEAD_MAX_BYTES + 1
        return most - len(self._come)

    @property
    def is_too_large(self) -> bool:
        """Whether the head is longer than any that is read."""
        return len(self.head or self._come) > HEAD_MAX_BYTES

    @property
    def is_invited(self) -> bool:
        """Whether the sender waits to be told that the body is wanted."""
        return not self.is_whole and bool(_CONTINUE.search(self.head.lower()))

    def split(self) -> tuple[bytes, bytes]:
        """Return the body, and what came after it: the next request's beginning."""
        body = bytes(self._come[: self.body_bytes])
        return body, bytes(self._come[self.body_bytes :])


def _awaited_bytes(head: bytes, body_max_bytes: int) -> int:
    """Return the length of the body, 0 where it is to be refused unread."""
    lowered = head.lower()
    declared = _LENGTH.search(lowered)
    length = int(declared[1]) if declared else 0
    return 0 if length > body_max_bytes or _CODED in lowered else length
