"""The status as a document for programs: what `status --json` prints.

Its fields are those of `compose.status.facts`, so a change there is a change of this
contract: a new field may come at any time, anything else raises `SCHEMA`.
"""

from typing import Any

import msgspec

from compose.status.facts import Status
from compose.status.verdict import Verdict

SCHEMA = 1
"""Version of the document."""


def document(status: Status, verdict: Verdict) -> dict[str, Any]:
    """Return what is to be printed, as plain values."""
    findings = [
        {
            "part": finding.part,
            "problem": finding.problem,
            "text": finding.text,
            "because_of": finding.because_of,
        }
        for finding in verdict.findings
    ]
    facts = msgspec.to_builtins(status)
    return {
        "schema": SCHEMA,
        "is_well": verdict.is_well,
        "findings": findings,
        **facts,
    }


def line(status: Status, verdict: Verdict) -> str:
    """Return the document as one line of JSON."""
    return msgspec.json.encode(document(status, verdict)).decode()
