"""Which jars a pom of ours names: its dependencies, or the items it copies."""

import xml.etree.ElementTree as ET
from pathlib import Path

_SPACE = "{http://maven.apache.org/POM/4.0.0}"


def versions(pom: Path) -> dict[str, str]:
    """Return the version of each artifact that a pom names."""
    root = ET.parse(pom).getroot()  # noqa: S314 - it is our own file
    named = [*root.iter(f"{_SPACE}dependency"), *root.iter(f"{_SPACE}artifactItem")]
    return {
        one.findtext(f"{_SPACE}artifactId", ""): one.findtext(f"{_SPACE}version", "")
        for one in named
    }


def jar_names(pom: Path) -> list[str]:
    """Return the file names of the jars that a pom names; others come with them."""
    return [f"{artifact}-{number}.jar" for artifact, number in versions(pom).items()]
