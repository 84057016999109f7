"""The pages, as Vite built them: read once, kept in memory, and sent compressed.

What they show and do is `page/`'s business; a page is the same for every room.
"""

import gzip
import mimetypes
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from flask import Request, Response

from clients.web.refusal import Refusal
from ingest.refusal import Label, Refused

AUDIENCE, HOST, OVERLAY = "index.html", "host.html", "overlay.html"
PAGES = (AUDIENCE, HOST, OVERLAY)

EMBED = "embed.js"
ICON = "favicon.svg"
ASSETS = "assets"

# A page is asked for each time, and sent if it is another one.
_REVALIDATED = "no-cache"
# Its address has the host's key; nothing of it is to stay.
_NEVER_KEPT = "no-store"
# Vite names it by its content.
_FOR_EVER = "public, max-age=31536000, immutable"
# Other people's sites name it, and are to have a new one soon.
_FOR_MINUTES = "public, max-age=300"

_TYPES = mimetypes.MimeTypes()
"""Python's own list: a machine's may call a script something else."""

_SMALLER_AT_LEAST = 0.9
"""Of its size; what compression does not make so small is sent as it is."""


class NoPage(Refused):
    """A page that is not there, or not for such a room; a browser is told in HTML."""


@dataclass(frozen=True, slots=True)
class File:
    """A built file, plain and compressed."""

    content: bytes
    zipped: bytes | None
    """None where compression gains nothing."""
    tag: str
    media_type: str
    headers: Mapping[str, str]
    """What a browser is to know of it."""

    def answer(self, asked: Request) -> Response:
        """Return the answer to who asks for it: 304 if they have it."""
        takes_zip = asked.accept_encodings.quality("gzip") > 0
        zipped = self.zipped if takes_zip else None
        answer = Response(zipped or self.content, content_type=self.media_type)
        answer.headers.update(self.headers)
        if self.zipped:
            answer.vary.add("Accept-Encoding")
        if zipped:
            answer.content_encoding = "gzip"
        answer.set_etag(f"{self.tag}-gzip" if zipped else self.tag)
        answer.make_conditional(asked)
        return answer


class Pages:
    """What was built, by its path below `built/`.

    Args:
        files: All of it; nothing, where nothing was built.
    """

    def __init__(self, files: Mapping[str, File]) -> None:
        self._files = files

    @classmethod
    def load(cls, folder: Path, hosts: Sequence[str]) -> "Pages":
        """Read what was built.

        Args:
            folder: Where to; it need not be there.
            hosts: Where the clusters' WebSockets are, and nothing else of others.
        """
        headers = page_headers(hosts)
        found = (
            *(folder / name for name in (*PAGES, EMBED, ICON)),
            *(folder / ASSETS).rglob("*"),
        )
        paths = {
            path.relative_to(folder).as_posix(): path
            for path in found
            if path.is_file()
        }
        return cls({name: _read(name, path, headers) for name, path in paths.items()})

    def file(self, name: str) -> File:
        """Return a built file.

        Raises:
            NoPage: If there is none of that name, or nothing was built.
        """
        if AUDIENCE not in self._files:
            raise NoPage(Refusal.NOT_BUILT)
        if name not in self._files:
            raise NoPage(Refusal.NOT_FOUND)
        return self._files[name]


def page_headers(hosts: Sequence[str]) -> Mapping[str, str]:
    """Return what a browser is to keep a page to.

    Args:
        hosts: To whose WebSockets, on any port, it may connect.
    """
    sockets = " ".join(f"ws://{host}:* wss://{host}:*" for host in hosts)
    policy = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        f"connect-src 'self' {sockets}".rstrip(),
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    }


def tell(error: Refused, asked: Request) -> Response | None:
    """Return the answer to a browser that asked for a page; None: it wants JSON."""
    wanted = asked.accept_mimetypes.best_match(("application/json", "text/html"))
    if not isinstance(error, NoPage) or wanted != "text/html":
        return None
    body = _TOLD.format(title=escape(_title(error.refusal)), help=escape(error.help))
    answer = Response(body, error.refusal.status, content_type=_HTML)
    answer.headers.update(error.headers)
    answer.headers.update({**_ALWAYS, **page_headers(()), "Cache-Control": _NEVER_KEPT})
    return answer


_ALWAYS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}

_HTML = "text/html; charset=utf-8"

_TOLD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<h1>{title}</h1>
<p>{help}</p>
"""


def _title(refusal: Label) -> str:
    return "No such room" if refusal is Refusal.BAD_ROOM else "No page here"


def _read(name: str, path: Path, policy: Mapping[str, str]) -> File:
    content = path.read_bytes()
    zipped = gzip.compress(content, mtime=0)
    is_smaller = len(zipped) <= _SMALLER_AT_LEAST * len(content)
    return File(
        content,
        zipped if is_smaller else None,
        f"{zlib.crc32(content):08x}-{len(content)}",
        _media_type(name),
        {
            **_ALWAYS,
            **policy,  # an asset may be a worker, which is kept to its own
            # Else no site that isolates itself could take the embed.
            "Cross-Origin-Resource-Policy": (
                "cross-origin" if name == EMBED else "same-origin"
            ),
            "Cache-Control": _kept(name),
        },
    )


def _media_type(name: str) -> str:
    guessed = _TYPES.guess_type(name)[0] or "application/octet-stream"
    is_text = guessed.startswith("text/") or guessed.endswith(("javascript", "json"))
    return f"{guessed}; charset=utf-8" if is_text else guessed


def _kept(name: str) -> str:
    if name == HOST:
        return _NEVER_KEPT
    if name == EMBED:
        return _FOR_MINUTES
    return _FOR_EVER if name.startswith(f"{ASSETS}/") else _REVALIDATED
