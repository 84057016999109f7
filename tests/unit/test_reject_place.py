from pathlib import Path

import pytest

from stream.reject_place import checkpoint_in


def made(folder: Path, topic_id: str = "one") -> Path:
    """Write a checkpoint as Spark does, two triggers planned and one done."""
    checkpoint = folder / topic_id
    for kind in ("offsets", "commits"):
        (checkpoint / kind).mkdir(parents=True)
    (checkpoint / "metadata").write_text('{"id":"x"}')
    for name in ("0", "9", "10"):
        (checkpoint / "offsets" / name).write_text('v1\n{}\n{"reactions":{"0":1}}')
        (checkpoint / "offsets" / f".{name}.crc").write_bytes(b"\xff")
    (checkpoint / "commits" / "0").write_text('v1\n{"nextBatchWatermarkMs":0}')
    return checkpoint


def test_a_checkpoint_is_gone_on_with(tmp_path: Path) -> None:
    checkpoint = made(tmp_path)

    assert checkpoint_in(tmp_path, "one") == checkpoint
    assert (checkpoint / "offsets" / "10").exists()


def test_the_first_start_finds_nothing_to_remove(tmp_path: Path) -> None:
    assert checkpoint_in(tmp_path / "new", "one") == tmp_path / "new" / "one"


def test_another_log_has_another_place_and_the_old_one_goes(tmp_path: Path) -> None:
    old = made(tmp_path)

    assert checkpoint_in(tmp_path, "an/other").parent == tmp_path
    assert not old.exists()


@pytest.mark.parametrize("file", ["metadata", "offsets/10", "commits/0"])
@pytest.mark.parametrize("left", [b"", b"v1\n{}\n{", b"\xff"])
def test_a_checkpoint_that_cannot_be_read_is_removed(
    tmp_path: Path, file: str, left: bytes
) -> None:
    checkpoint = made(tmp_path)
    (checkpoint / file).write_bytes(left)

    assert checkpoint_in(tmp_path, "one") == checkpoint
    assert not checkpoint.exists()
