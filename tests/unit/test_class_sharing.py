from pathlib import Path

from stream.class_sharing import CLASSES, options


def test_what_is_noted_is_read(tmp_path: Path) -> None:
    (tmp_path / CLASSES).touch()

    assert f"-XX:SharedArchiveFile={tmp_path / CLASSES}" in options(tmp_path)


def test_what_is_not_noted_is_not_asked_for(tmp_path: Path) -> None:
    assert options(tmp_path) == []


def test_who_notes_the_classes_does_not_read_earlier_ones(tmp_path: Path) -> None:
    (tmp_path / CLASSES).touch()

    chosen = options(tmp_path, Path("/new.jsa"))

    assert "-XX:ArchiveClassesAtExit=/new.jsa" in chosen
    assert not any("SharedArchiveFile" in one for one in chosen)
