"""When the classes of Java's programs are noted; Java and Python are the test's own."""

import os
from pathlib import Path

import pytest

from compose.setup import classes
from compose.setup.steps import SetupFailed

PYTHON = '#!/bin/sh\necho "$2" >> "{log}"\n{then}\n'
KAFKAS, SPARKS = "compose.kafka_classes", "stream.class_archive"
JAVA = '#!/bin/sh\necho "openjdk version \\"{version}\\""\n'


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with a jar of PySpark's, a Java, and a Python that starts nothing."""
    jar(tmp_path / ".venv/lib/python3.11/site-packages/pyspark/jars/spark.jar")
    jar(tmp_path / "jars/spark/source.jar")
    jar(tmp_path / "jars/kafka/kafka.jar")
    python(tmp_path)
    java(tmp_path, "17.0.1")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return tmp_path


def jar(file: Path, content: str = "") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


def python(root: Path, then: str = "") -> None:
    script(root / ".venv/bin/python", PYTHON.format(log=root / "log", then=then))


def java(root: Path, version: str) -> None:
    script(root / "bin/java", JAVA.format(version=version))


def script(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)


def ensure(root: Path) -> list[str]:
    """Return what was run for it, by name; several run at once."""
    log = root / "log"
    log.unlink(missing_ok=True)
    classes.ensure(root, root / "jars")
    return sorted(log.read_text().split()) if log.exists() else []


def test_classes_are_noted_once(root: Path) -> None:
    assert ensure(root) == [KAFKAS, SPARKS]
    assert ensure(root) == []


def test_classes_are_noted_again_for_another_java(root: Path) -> None:
    ensure(root)
    java(root, "17.0.2")

    assert ensure(root) == [KAFKAS, SPARKS]


@pytest.mark.parametrize(
    ("changed", "noted"),
    [
        ("jars/kafka/kafka.jar", KAFKAS),
        ("jars/spark/source.jar", SPARKS),
        (".venv/lib/python3.11/site-packages/pyspark/jars/spark.jar", SPARKS),
    ],
)
def test_classes_are_noted_again_for_another_jar(
    root: Path, changed: str, noted: str
) -> None:
    ensure(root)
    jar(root / changed, "another")

    assert ensure(root) == [noted]


def test_a_program_that_does_not_start_is_told_and_tried_again(root: Path) -> None:
    python(root, "echo no memory; exit 1")
    with pytest.raises(SetupFailed, match=r"no memory\nKafka does not start"):
        ensure(root)
    python(root)

    assert ensure(root) == [KAFKAS, SPARKS]
