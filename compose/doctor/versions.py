"""The doctor's look at versions: programs, Python's packages, and how they fit."""

import importlib
import re
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from compose.doctor.finding import Finding, ok, warning, wrong
from compose.preflight import SERVER_MODULES
from compose.settings import Settings
from compose.setup import jars, system
from compose.setup.pom import versions
from compose.setup.steps import CommandFailed, run

PYTHON_MIN = (3, 11)
MOSQUITTO_MIN = (2, 0, 11)

COMPILED = ("confluent_kafka", "psutil")
"""Modules that can be there and still not work: they bring or need libraries."""

SETUP = "In the checkout: make setup."

_LOCK = Path(__file__).resolve().parent.parent.parent / "requirements.lock"
_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)(?: ; ([^\\\n]+))?", re.MULTILINE)


def python(_: Settings) -> Iterator[Finding]:
    """Look at the Python that runs this."""
    yield python_finding(sys.version_info[:3])


def python_finding(found: tuple[int, ...]) -> Finding:
    """Judge a version of Python."""
    if found >= PYTHON_MIN:
        return ok("Python", _dotted(found))
    remedy = (
        f"Install Python {_dotted(PYTHON_MIN)}, then: make setup PYTHON3=python3.11"
    )
    return wrong("Python", f"{_dotted(found)} is too old.", remedy)


def java(_: Settings) -> Iterator[Finding]:
    """Look at every Java that a part would start."""
    for command in system.javas():
        yield java_finding(command, _output([command, "-version"]))


def java_finding(command: str, banner: str | None) -> Finding:
    """Judge a Java by what it says of itself; None if it says nothing."""
    major = system.java_major(banner or "")
    if major is None:
        return wrong("Java", f"{command} cannot be run.", SETUP)
    if major >= system.JAVA_MIN:
        return ok("Java", f"{major}: {command}")
    remedy = f"Have JAVA_HOME and PATH name a Java {system.JAVA_MIN} or newer."
    return wrong("Java", f"{command} is Java {major}, which is too old.", remedy)


def mosquitto(_: Settings) -> Iterator[Finding]:
    """Look at the broker's program."""
    program = system.find_program("mosquitto")
    yield mosquitto_finding(_output([program, "-h"]) if program else None)


def mosquitto_finding(banner: str | None) -> Finding:
    """Judge Mosquitto by what it says of itself; None if it is not there."""
    found = re.search(r"mosquitto version (\d+)\.(\d+)\.(\d+)", banner or "")
    if found is None:
        return wrong("Mosquitto", "It is not there, or cannot be run.", SETUP)
    numbers = tuple(map(int, found.groups()))
    if numbers >= MOSQUITTO_MIN:
        return ok("Mosquitto", _dotted(numbers))
    remedy = f"Install {_dotted(MOSQUITTO_MIN)} or newer from your system's packages."
    return wrong("Mosquitto", f"{_dotted(numbers)} is too old.", remedy)


def modules(_: Settings) -> Iterator[Finding]:
    """Look whether what the servers import is there and can be loaded."""
    absent = [f"{name} is not there" for name in SERVER_MODULES if not find_spec(name)]
    for name in COMPILED:
        try:
            importlib.import_module(name)
        except ImportError as error:
            absent.append(f"{name} cannot be loaded: {error}")
    if absent:
        yield wrong("Python's modules", f"{'; '.join(absent)}.", SETUP)
    else:
        yield ok("Python's modules", "All that the servers need can be loaded.")


def locked(_: Settings) -> Iterator[Finding]:
    """Compare what is installed with the lock; there is none outside a checkout."""
    if not _LOCK.exists():
        return
    try:
        wanted = locked_here(_LOCK.read_text())
    except ImportError:
        yield warning("lock", "Python's packaging, to read it, is not there.", SETUP)
        return
    yield locked_finding(wanted, {name: _installed(name) for name in wanted})


def locked_here(lock: str) -> dict[str, str]:
    """Return the version of every package that a lock asks for on this machine.

    Raises:
        ImportError: If Python's packaging is not there.
    """
    from packaging.markers import Marker  # noqa: PLC0415 - one of those looked for

    return {
        name: number
        for name, number, marker in _LOCKED.findall(lock)
        if not marker or Marker(marker).evaluate()
    }


def locked_finding(
    wanted: Mapping[str, str], found: Mapping[str, str | None]
) -> Finding:
    """Judge what is installed against what the lock asks for."""
    others = [
        f"{name} {found[name]} instead of {number}" if found[name] else f"no {name}"
        for name, number in wanted.items()
        if found[name] != number
    ]
    if not others:
        return ok("lock", f"All {len(wanted)} packages are as requirements.lock says.")
    more = f", and {len(others) - 5} more" if len(others) > 5 else ""  # noqa: PLR2004
    text = f"Not as requirements.lock says: {', '.join(others[:5])}{more}."
    return warning("lock", text, SETUP)


def pyspark(_: Settings) -> Iterator[Finding]:
    """Compare PySpark with its Kafka source."""
    source = versions(jars.SPARK.pom).get("spark-sql-kafka-0-10_2.13")
    yield pyspark_finding(_installed("pyspark"), source)


def pyspark_finding(found: str | None, source: str | None) -> Finding:
    """Judge PySpark's version against that of its Kafka source in the pom."""
    if found is not None and found == source:
        return ok("PySpark", f"{found}, as its Kafka source")
    text = f"It is {found or 'not there'}; its Kafka source is {source or 'unknown'}."
    return wrong("PySpark", text, "They must be the same. " + SETUP)


def librdkafka(_: Settings) -> Iterator[Finding]:
    """Compare confluent-kafka with the library that it has loaded."""
    try:
        import confluent_kafka  # noqa: PLC0415 - one of those looked for
    except ImportError:
        return  # told by `modules`
    binding = _installed("confluent-kafka") or "of unknown version"
    yield librdkafka_finding(binding, confluent_kafka.libversion()[0])


def librdkafka_finding(binding: str, library: str) -> Finding:
    """Judge the two versions: a wheel brings both, of the same release."""
    if binding.split(".")[:2] == library.split(".")[:2]:
        return ok("confluent-kafka", f"{binding}, with librdkafka {library}")
    text = f"It is {binding}, but has loaded librdkafka {library} of another release."
    return warning(
        "confluent-kafka", text, f"A system's librdkafka is in the way. {SETUP}"
    )


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _output(command: list[str]) -> str | None:
    """Return what a command writes, whatever its status; None if it cannot be run."""
    try:
        return run(command)
    except CommandFailed as error:
        return error.output


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))
