"""Both Flask apps on one port: each path goes to the app that has it.

The paths are read from the apps and their documents, not written down here. How an
app is doing (`OPERATIONS`) both would tell alone; together the first one tells it.
"""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flask import Flask

from ingest.account import Account
from ingest.answer import OPERATIONS, Document

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_VARIABLE = re.compile(r"<(?:(?P<kind>\w+)(?:\(.*?\))?:)?\w+>")
_NAME = re.compile(r"{\w+}")


class Clash(ValueError):
    """Both apps claim the same, and only one can have it."""


class Counted:
    """A WSGI app, and the account of what its server refuses ahead of it.

    Args:
        app: What answers.
        account: Where the server counts.
    """

    def __init__(self, app: Flask, account: Account) -> None:
        self.account = account
        self._app: WSGIApplication = app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request."""
        return self._app(environ, start_response)


class Joined:
    """A WSGI app that asks one of two; made for the cost of a comparison.

    Args:
        first: Gets what is not the second's, so it also says what there is not.
        second: Gets its own paths, less the `OPERATIONS`.
        account: Where the server counts what it refuses ahead of both.

    Raises:
        Clash: If both have a path.
    """

    def __init__(
        self, first: Flask, second: Flask, account: Account | None = None
    ) -> None:
        self.account = account or Account()
        own = _patterns(second) - set(map(re.escape, OPERATIONS))
        if both := own & _patterns(first):
            raise Clash(f"both apps have {', '.join(sorted(both))}")
        self._first: WSGIApplication = first
        self._second: WSGIApplication = second
        self._is_seconds = re.compile("|".join(sorted(own))).fullmatch

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request."""
        if self._is_seconds(environ["PATH_INFO"]):
            return self._second(environ, start_response)
        return self._first(environ, start_response)


def join_documents(first: Document, second: Document) -> dict[str, Any]:
    """Return one document of both apps; it is called what the first is called.

    Raises:
        Clash: If both describe a path, or something else under the same name.
    """
    told = _without_operations(second["paths"])
    if both := set(map(_anonymous, told)) & set(map(_anonymous, first["paths"])):
        raise Clash(f"both documents have {', '.join(sorted(both))}")
    return {
        **first,
        "paths": {**first["paths"], **told},
        "components": _join_components(
            first.get("components", {}), second.get("components", {})
        ),
    }


def _patterns(app: Flask) -> set[str]:
    return {_pattern(rule.rule) for rule in app.url_map.iter_rules()}


def _pattern(rule: str) -> str:
    """Return the regular expression of the paths of a Flask rule."""
    pattern, end = "", 0
    for variable in _VARIABLE.finditer(rule):
        any_of_it = ".+" if variable["kind"] == "path" else "[^/]+"
        pattern += re.escape(rule[end : variable.start()]) + any_of_it
        end = variable.end()
    return pattern + re.escape(rule[end:])


def _anonymous(path: str) -> str:
    """Return a document's path without the names of its variables."""
    return _NAME.sub("{}", path)


def _without_operations(paths: Mapping[str, Any]) -> dict[str, Any]:
    return {path: item for path, item in paths.items() if path not in OPERATIONS}


def _join_components(first: Mapping[str, Any], second: Mapping[str, Any]) -> Document:
    joined = {kind: dict(named) for kind, named in first.items()}
    for kind, named in second.items():
        of_kind = joined.setdefault(kind, {})
        for name, component in named.items():
            if of_kind.setdefault(name, component) != component:
                raise Clash(f"both documents have {kind}/{name}, and differ")
    return joined
