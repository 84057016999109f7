from collections.abc import Mapping
from dataclasses import dataclass

import emoji
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.worker.profiles import FULL, LITE, LITE_MAX_BYTES, PROFILES
from stream.frame import BadFrame
from tests.frames import frame

EMOJI = sorted(emoji.EMOJI_DATA)
COUNTS = st.dictionaries(
    st.sampled_from(EMOJI), st.integers(1, 10**7), min_size=0, max_size=8
)


@dataclass(frozen=True)
class Line:
    window_start_ms: int
    total: int
    pairs: list[tuple[str, int]]


def read(line: bytes) -> Line:
    """Read a line as `sscanf` does: fields between spaces."""
    first, second, *rest = line.decode().split(" ")
    pairs = [(rest[at], int(rest[at + 1])) for at in range(0, len(rest), 2)]
    return Line(int(first), int(second), pairs)


def encoded(counts: Mapping[str, int], total: int = 9, window: int = 1) -> bytes:
    whole = frame("final", 1, window, total=total)
    return msgspec.structs.replace(whole, counts=counts).encode()


def test_full_is_the_frame_itself() -> None:
    assert FULL.render(encoded({"🔥": 1})) == encoded({"🔥": 1})


def test_lite_has_the_window_the_total_and_the_largest_first() -> None:
    counts = {"🔥": 5, "❤️": 7, "😂": 6, "👏": 4}

    line = LITE.render(encoded(counts, total=918_273, window=3))

    assert line.decode() == "6000 918273 ❤️ 7 😂 6 🔥 5"


def test_of_equals_the_order_is_always_the_same() -> None:
    one, other = {"🔥": 1, "❤️": 1}, {"❤️": 1, "🔥": 1}

    assert LITE.render(encoded(one)) == LITE.render(encoded(other))


def test_a_window_in_which_nobody_reacted_has_two_numbers() -> None:
    assert LITE.render(encoded({}, total=9)) == b"2000 9"


@given(counts=COUNTS, total=st.integers(0, 10**15), window=st.integers(0, 10**9))
def test_no_line_is_longer_than_64_bytes_and_each_can_be_read(
    counts: dict[str, int], total: int, window: int
) -> None:
    line = LITE.render(encoded(counts, total, window))

    said = read(line)
    assert len(line) <= LITE_MAX_BYTES
    assert (said.window_start_ms, said.total) == (window * 2000, total)
    assert len(said.pairs) <= 3
    assert {*said.pairs} <= {*counts.items()}
    assert all(len(one.encode()) <= 31 for one, _ in said.pairs)
    assert b"\n" not in line


def test_what_is_too_long_gives_way_to_what_fits() -> None:
    family = max(EMOJI, key=lambda one: len(one.encode()))
    assert len(family.encode()) > 31

    said = read(LITE.render(encoded({family: 100, "🔥": 1})))

    assert said.pairs == [("🔥", 1)]


def test_what_is_no_frame_has_no_line() -> None:
    with pytest.raises(BadFrame):
        LITE.render(b"{}")


def test_profiles_are_known_by_their_names() -> None:
    assert {name: profile.name for name, profile in PROFILES.items()} == {
        "full": "full",
        "lite": "lite",
    }
