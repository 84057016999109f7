"""What a failed download means, read from the words of the tool that failed."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Remedy:
    seen: str
    """Pattern in the tool's output."""

    text: str


_REMEDIES = (
    _Remedy(
        "PKIX path building failed",
        "Java does not trust who answered: on a network that inspects TLS, add your"
        " organisation's CA to Java's store (on Debian: put it into"
        " /usr/local/share/ca-certificates and run update-ca-certificates).",
    ),
    _Remedy(
        "CERTIFICATE_VERIFY_FAILED|SSLError|certificate verify failed",
        "pip does not trust who answered: on a network that inspects TLS, name your"
        " organisation's CA bundle with PIP_CERT.",
    ),
    _Remedy(
        "SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(?:GET_ISSUER_CERT|VERIFY_LEAF_SIGNATURE)",
        "npm does not trust who answered: on a network that inspects TLS, name your"
        " organisation's CA bundle with NODE_EXTRA_CA_CERTS.",
    ),
    _Remedy(
        r"ProxyError|Proxy Authentication Required|status code: 407",
        "The proxy refused: check https_proxy, and <proxies> in ~/.m2/settings.xml.",
    ),
    _Remedy(
        "Expected sha256|DO NOT MATCH THE HASHES|[Cc]hecksum validation failed"
        "|EINTEGRITY",
        "The file is not the one that was pinned: a mirror or proxy may have"
        " changed it. Do not use it; try again without that mirror.",
    ),
    _Remedy(
        r"Python\.h: No such file|No such file or directory: '[^']*(?:gcc|cc|clang)'",
        "It is built here, which takes a C compiler and Python's headers: on Debian,"
        " gcc and python3-dev.",
    ),
    _Remedy(
        "EBADENGINE|Unsupported engine",
        "Node is too old: another one came before that of .venv/bin on the PATH.",
    ),
    _Remedy(
        "No space left on device|ENOSPC", "The disk is full: about 2 GB are needed."
    ),
    _Remedy(
        "Name or service not known|Temporary failure in name resolution"
        "|Unknown host|UnknownHostException|Network is unreachable"
        "|[Cc]onnection (?:refused|timed out|reset)|[Rr]ead timed out"
        "|[Cc]ould not transfer|ENOTFOUND|EAI_AGAIN|ECONN(?:REFUSED|RESET)|ETIMEDOUT",
        "No connection: check the network. Behind a proxy, pip and npm read https_proxy"
        " and Maven reads <proxies> in ~/.m2/settings.xml.",
    ),
    _Remedy(
        "No matching distribution found|Could not find artifact|code E404|ETARGET",
        "The package source that is configured here does not have it, or cannot be"
        " reached: check the network, and the mirror in pip's or npm's configuration"
        " or in ~/.m2/settings.xml.",
    ),
)
"""The surer sign first: a refused certificate also reads as no connection."""

_ARTIFACTS = (
    # Maven
    r"[Cc]ould not (?:find|transfer) artifact (\S+)",
    r"Plugin (\S+) or one of its dependencies could not be resolved",
    # npm
    r"npm error [^\n]*request to (\S+) failed",
    r"npm error 404[^\n]* GET (\S+)",
    r"npm error notarget No matching version found for (\S+)",
    # pip
    r"No matching distribution found for (\S+)",
    r"(\S+==\S+) from [^\n]*\n\s+Expected sha256",
    r"Failed to build (\S+)",
    r"Collecting (\S+)[^\n]*\n(?![\s\S]*Collecting)",  # the last it began with
)


def explain(output: str) -> str:
    """Say which artifact a download failed at, and what probably helps."""
    artifact = failed_artifact(output)
    said = [f"Failed at {artifact}."] if artifact else []
    said += [known.text for known in _REMEDIES if re.search(known.seen, output)][:1]
    return "\n".join(said or ["The lines above say why."])


def failed_artifact(output: str) -> str | None:
    """Return the artifact that the output names as the one that failed."""
    found = (re.search(pattern, output) for pattern in _ARTIFACTS)
    match = next(filter(None, found), None)
    return match[1].rstrip(".,:;)") if match else None
