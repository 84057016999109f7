"""The app's OpenAPI document, kept true by a test that generates requests."""

import re
from importlib.resources import files
from typing import Any

import msgspec

import ingest.openapi
from ingest.answer import OPERATIONS, Document

_REFERENCE = re.compile(r'"#/components/(\w+)/(\w+)"')


def document() -> dict[str, Any]:
    """Return the document: `openapi.yaml`, and what it has in common with ingest's."""
    text = files("clients.web").joinpath("openapi.yaml").read_bytes()
    own = msgspec.yaml.decode(text, type=dict[str, Any])
    common = ingest.openapi.document()
    for path in OPERATIONS:
        own["paths"][path] = common["paths"][path]
    while missing := _missing(own):  # what is added may refer to more
        for kind, name in missing:
            of_kind = own["components"].setdefault(kind, {})
            of_kind[name] = common["components"][kind][name]
    return own


def _missing(document: Document) -> set[tuple[str, str]]:
    """Return the components, by kind and name, that it refers to and does not have."""
    named = set(_REFERENCE.findall(msgspec.json.encode(document).decode()))
    components = document["components"]
    return {
        (kind, name) for kind, name in named if name not in components.get(kind, {})
    }
