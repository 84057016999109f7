"""How the JVMs that tests start are to run: they live for minutes at most."""

import os

OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""No time to optimise what is compiled, or to collect garbage beside the work. Half of
a start's CPU."""


def short_lived() -> None:
    """Have all JVMs of this process and its children run so, unless told otherwise."""
    os.environ.setdefault("JDK_JAVA_OPTIONS", OPTIONS)
