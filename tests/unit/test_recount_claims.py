"""What the stream says it has counted: read back from its states and frames."""

import json
from collections.abc import Mapping

import pytest

from stream.recount.claims import BadClaim, claim_of, windows_of

OLD, NEW = "2026-11-20T18:00:00.000Z", "2026-11-21T06:00:00.000Z"


def state(
    batch: int,
    start: int,
    opened: Mapping[int, int],
    *,
    before: Mapping[int, int] | None = None,
    epoch: str = OLD,
) -> bytes:
    def windows(counts: Mapping[int, int]) -> dict[str, dict[str, int]]:
        return {str(start): {"a": n} if n else {} for start, n in counts.items()}

    return json.dumps(
        {
            "epoch": epoch,
            "batch": batch,
            "from": {"0": start},
            "through_ms": 0,
            "totals": {"a": 100, "b": 1},
            "open": windows(opened),
            "before": windows(before or {}),
        }
    ).encode()


def frame(seq: int, count: int, *, start_ms: int = 0, **other: object) -> bytes:
    said = {"v": 1, "room": "final", "epoch": OLD, "seq": seq, "window_ms": 2000}
    counts = {"window_start_ms": start_ms, "counts": {"a": count - 1}, "other": 1}
    return json.dumps(said | counts | other).encode()


def test_of_the_room_that_the_newest_trigger_wrote_what_was_before_is_settled() -> None:
    rooms = {
        "final": state(7, 40, {0: 5, 2000: 9}, before={2000: 3, 0: 5}),
        "semi": state(6, 30, {0: 1}),
    }

    claim = claim_of("final", rooms)

    assert claim is not None
    assert claim.total == 101 + 14
    assert (claim.counts, claim.through) == ({"a": 108, "b": 1}, {"0": 40})


def test_all_of_a_room_is_settled_that_the_newest_trigger_did_not_write() -> None:
    rooms = {
        "final": state(7, 40, {0: 5}, before={0: 0}, epoch=OLD),
        "semi": state(1, 60, {0: 1}, before={0: 0}, epoch=NEW),
    }

    claim = claim_of("final", rooms)

    assert claim is not None
    assert (claim.counts, claim.through) == ({"a": 105, "b": 1}, {"0": 60})


def test_of_a_room_that_nobody_wrote_nothing_is_claimed() -> None:
    assert claim_of("final", {"semi": state(1, 1, {})}) is None


def test_what_another_version_wrote_is_no_claim() -> None:
    with pytest.raises(BadClaim):
        claim_of("final", {"final": b'{"epoch": 1}'})
    with pytest.raises(BadClaim):
        windows_of("final", [b"\xff"])


def test_a_window_counts_what_its_newest_trigger_says() -> None:
    frames = [frame(1, 5), frame(3, 9), frame(2, 7), frame(1, 2, start_ms=2000)]
    frames.append(frame(4, 99, room="semi"))

    windows = windows_of("final", frames)

    assert windows.counts == {0: 9, 2000: 2}
    assert windows.between(0, 2000) == 9
    assert windows.window_ms == {2000}


def test_a_trigger_that_ran_again_takes_its_own_place() -> None:
    frames = [frame(1, 5), frame(2, 9), frame(2, 8)]

    assert windows_of("final", frames).counts == {0: 8}
    after_a_cut = windows_of("final", [*frames, frame(0, 4, epoch=NEW)])
    assert after_a_cut.counts == {0: 5 + 4}


def test_a_new_epoch_counts_the_newest_trigger_of_the_old_one_again() -> None:
    frames = [frame(1, 5), frame(2, 9), frame(0, 4, epoch=NEW)]

    assert windows_of("final", frames).counts == {0: 5 + 4}


def test_what_an_older_trigger_of_the_old_epoch_wrote_stays() -> None:
    frames = [frame(1, 5), frame(2, 9, room="semi"), frame(0, 4, epoch=NEW)]

    assert windows_of("final", frames).counts == {0: 5 + 4}
