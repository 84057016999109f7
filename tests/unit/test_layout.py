from pathlib import Path

import pytest

from compose.cleaning import leftovers
from compose.layout import Layout, NotOurs


def test_the_folders_are_for_their_owner_only(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "state")

    layout.make()

    assert {folder.stat().st_mode & 0o777 for folder in layout.folders} == {0o700}


def test_made_twice_is_harmless(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.make()
    (layout.data / "kept").touch()

    layout.make()

    assert (layout.data / "kept").exists()


def test_folders_of_somebody_else_are_neither_used_nor_deleted(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "precious").touch()
    layout = Layout(tmp_path)

    with pytest.raises(NotOurs, match="not made by EmoStream"):
        layout.make()

    assert leftovers(layout) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(NotOurs, match="file/state cannot be used"):
        Layout(tmp_path / "file" / "state").make()


def test_what_is_ours_is_deleted_and_the_jars_are_kept(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    (tmp_path / "jars").mkdir()
    layout.make()

    assert set(leftovers(layout)) == {*layout.folders, layout.mark}
