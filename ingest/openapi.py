"""The app's OpenAPI document, kept true by a test that generates requests."""

from importlib.resources import files
from typing import Any

import msgspec


def document() -> dict[str, Any]:
    """Return the document; it is `openapi.yaml` beside this module."""
    text = files("ingest").joinpath("openapi.yaml").read_bytes()
    return msgspec.yaml.decode(text, type=dict[str, Any])
