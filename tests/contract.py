"""What schemathesis has to know of our OpenAPI documents, and what it must find.

Requests are generated from a document, good ones and bad ones, the same in each run.
Every check of schemathesis that applies is on: no 5xx, no answer that is not declared
(status, content type, headers, body), good requests done, bad ones refused.
"""

import json
from collections.abc import Mapping
from typing import Any

import schemathesis
from emoji import EMOJI_DATA, STATUS
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# A good `If-Match` may name a state of before: 412. The others are usual.
_ACCEPTED = ["2xx", "3xx", "401", "403", "404", "409", "412", "429", "5xx"]

CONFIG = schemathesis.Config.from_dict(
    {
        "checks": {
            "negative_data_rejection": {"expected-statuses": ["4xx"]},
            "positive_data_acceptance": {"expected-statuses": _ACCEPTED},
        }
    }
)

REGISTRATION_MAX_BYTES = 1024

Document = Mapping[str, Any]

GENERATED = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)

EMOJI = [
    form
    for form, about in EMOJI_DATA.items()
    if about["status"] == STATUS["fully_qualified"]
]

_emoji = st.sampled_from(EMOJI)
_reaction = st.fixed_dictionaries(
    {
        "user_id": st.text(st.characters(codec="utf-8"), min_size=1, max_size=64),
        "emoji_type": _emoji,
        "timestamp": st.integers(0, 2**53 - 1),
    }
)
_beacon = st.one_of(_reaction, st.lists(_reaction, min_size=1, max_size=9))


def teach() -> None:
    """Say what our documents mean and JSON Schema cannot say."""
    schemathesis.openapi.format("emoji", _emoji)
    schemathesis.openapi.media_type(
        "text/plain", _beacon.map(lambda body: json.dumps(body).encode())
    )
    schemathesis.hook("map_body")(lambda _, body: _without_fractions(body))
    schemathesis.hook("filter_body")(
        lambda context, body: context.operation.path != "/v1/clients" or _is_short(body)
    )


def refusals(document: Document) -> set[tuple[str, int, str]]:
    """Return every refusal that is declared: its path, its status, its label."""
    return {
        (path, int(status), label)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        for status in operation["responses"]
        if int(status) >= 400
        for label in _labels(document, "paths", path, method, "responses", status)
    }


def part(document: Document, *path: str) -> Any:  # noqa: ANN401 - any of it
    """Return a part of a document, references followed."""
    found: Any = document
    for name in path:
        found = found[name]
        if "$ref" in found:
            found = part(document, *found["$ref"].removeprefix("#/").split("/"))
    return found


def _labels(document: Document, *path: str) -> set[str]:
    schema = part(document, *path, "content", "application/json", "schema")
    [error] = [
        shape["properties"]["error"]
        for shape in schema.get("allOf", [schema])
        if "properties" in shape
    ]
    return set(error.get("enum", [error.get("const")]))


def _is_short(body: Any) -> bool:  # noqa: ANN401 - any JSON
    """Tell whether a registration is as short as one has to be."""
    sent = json.dumps(_without_fractions(body), default=str)
    return len(sent) <= REGISTRATION_MAX_BYTES


def _without_fractions(body: Any) -> Any:  # noqa: ANN401 - any JSON
    """Write 1.0 as 1: JSON Schema takes either for an integer, we do not."""
    if isinstance(body, float) and body.is_integer():
        return int(body)
    if isinstance(body, list):
        return [_without_fractions(element) for element in body]
    if isinstance(body, dict):
        return {name: _without_fractions(value) for name, value in body.items()}
    return body
