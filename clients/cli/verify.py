"""`emostream verify`: check a system from outside, and say what was found."""

import sys
import time
from collections.abc import Iterator

import msgspec

from clients.verify.finding import Finding, Verdict
from clients.verify.plan import Plan
from clients.verify.run import Check
from clients.verify.web import Web


def verify(url: str, *, clusters_min: int, as_json: bool) -> Verdict:
    """Check the system at `url`, and print a line for each finding when it is there.

    Raises:
        BadUrl: If `url` is not an HTTP address.
    """
    plan, began_s = Plan.made(), time.monotonic()
    web = Web(url, plan.room)
    check, findings = Check(web, plan, clusters_min), []
    try:
        for finding in check.findings():
            findings.append(finding)
            if not as_json:
                print(line(finding), flush=True)  # noqa: T201 - what it is for
    finally:
        web.close()
    verdict = Verdict(
        url=url,
        room=plan.room,
        seconds=round(time.monotonic() - began_s, 1),
        is_complete=check.is_complete,
        findings=tuple(findings),
    )
    said = msgspec.json.encode(verdict).decode() if as_json else last_line(verdict)
    sys.stdout.write(f"{said}\n")
    return verdict


def line(finding: Finding) -> str:
    """Write a finding."""
    mark = "ok" if finding.is_well else "WRONG"
    times = "".join(f", {words}" for words in _times(finding))
    return f"{mark:<6}{finding.name:<9} {finding.words}{times}"


def last_line(verdict: Verdict) -> str:
    """Say what all of it means."""
    if verdict.is_well:
        return f"All is well: {verdict.url}, in {verdict.seconds:.0f} s."
    bad = [one.name for one in verdict.findings if not one.is_well]
    rest = "" if verdict.is_complete else "; what depends on it was not looked at"
    return f"NOT WELL: {', '.join(bad)}{rest}."


def _times(finding: Finding) -> Iterator[str]:
    for name, took_ms in finding.times_ms.items():
        yield f"{name} {took_ms:,} ms"
