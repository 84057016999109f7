"""What the OpenAPI document promises who writes is what the running system answers."""

import time
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.specs.openapi import checks

from tests.contract import CONFIG, GENERATED, teach
from tests.system.crowd import ANSWER_WITHIN_S
from tests.system.stack import Stack

DECLARED = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
PAUSE_S = 0.3
DOCUMENT = Path(__file__).parents[2] / "ingest" / "openapi.yaml"

teach()

written = schemathesis.openapi.from_path(DOCUMENT, config=CONFIG)


@written.parametrize()
@GENERATED
def test_every_answer_is_declared_and_none_is_5xx_for_long(
    stack: Stack, case: schemathesis.Case[Any]
) -> None:
    """Only 503 may be answered on the way: by a machine that stalls."""
    deadline = time.monotonic() + ANSWER_WITHIN_S
    while (answer := case.call(base_url=stack.url)).status_code == 503:
        case.validate_response(answer, checks=DECLARED)
        assert time.monotonic() < deadline, answer.text
        time.sleep(PAUSE_S)
    case.validate_response(answer)
