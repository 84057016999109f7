"""What `/metrics` shows of all workers of a server, which share a folder."""

from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict, mmap_key

from ingest.metrics import exposition

ACCEPTED = mmap_key("taps", "taps_total", [], [], "Taps.")


def count(shared_dir: Path, process: int, taps: int) -> None:
    """Write what a worker of this process id counted, as the library keeps it."""
    file = MmapedDict(str(shared_dir / f"counter_{process}.db"))  # type: ignore[no-untyped-call]
    file.write_value(ACCEPTED, taps, 0)  # type: ignore[no-untyped-call]
    file.close()  # type: ignore[no-untyped-call]


def test_the_counts_of_all_workers_are_shown_as_one(tmp_path: Path) -> None:
    count(tmp_path, process=1, taps=2)
    count(tmp_path, process=2, taps=3)

    assert b"taps_total 5.0" in exposition(str(tmp_path))


def test_a_worker_killed_while_it_made_its_file_hides_no_count(tmp_path: Path) -> None:
    count(tmp_path, process=1, taps=2)
    (tmp_path / "counter_2.db").touch()

    assert b"taps_total 2.0" in exposition(str(tmp_path))


def test_a_worker_that_ends_while_its_file_is_looked_for_hides_no_count(
    tmp_path: Path,
) -> None:
    count(tmp_path, process=1, taps=2)
    (tmp_path / "gauge_livesum_2.db").symlink_to(tmp_path / "removed")

    assert b"taps_total 2.0" in exposition(str(tmp_path))
