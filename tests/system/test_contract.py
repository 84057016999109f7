"""What the OpenAPI document promises who writes is what the running system answers."""

from pathlib import Path
from typing import Any

import schemathesis

from tests.contract import CONFIG, GENERATED, teach
from tests.system.stack import Stack

DOCUMENT = Path(__file__).parents[2] / "ingest" / "openapi.yaml"

teach()

written = schemathesis.openapi.from_path(DOCUMENT, config=CONFIG)


@written.parametrize()
@GENERATED
def test_every_answer_is_declared_and_none_is_5xx(
    stack: Stack, case: schemathesis.Case[Any]
) -> None:
    case.call_and_validate(base_url=stack.url)
