import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.crowd.timeline import BadTimeline, Timeline
from ingest.emoji_table import canonical
from stream.frame import Frame, Times

STARTED_MS = 1_795_226_378_000


def line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def burst(at_s: float, for_s: float, **counts: float) -> bytes:
    emoji = {"hearts": "❤️", "laughs": "😂"}
    named = {emoji.get(name, name): number for name, number in counts.items()}
    return line({"at_s": at_s, "for_s": for_s, "counts": named})


def frame(
    at_s: int, counts: dict[str, int], *, room: str = "final", window_ms: int = 2000
) -> bytes:
    made = Frame(
        v=1,
        room=room,
        epoch="2026-11-20T18:00:00.000Z",
        seq=at_s,
        window_start_ms=STARTED_MS + 1000 * at_s,
        window_ms=window_ms,
        counts=counts,
        other=0,
        scaled={},
        share={},
        mood={},
        sentiment={},
        total=0,
        totals={},
        times=Times(0, 0),
    )
    return made.encode() + b"\n"


def timeline(*lines: bytes) -> Timeline:
    return Timeline.read(lines, "told")


def refusal(*lines: bytes) -> str:
    with pytest.raises(BadTimeline) as error:
        timeline(*lines)
    return str(error.value)


def test_a_file_tells_its_title_its_moments_and_how_long_it_is() -> None:
    told = timeline(
        line({"at_s": 3, "text": "Goal!"}),
        line({"title": "A match"}),
        line({"at_s": 1, "text": "Corner"}),
        burst(2, 2, hearts=10),
    )

    assert (told.title, told.seconds) == ("A match", 4)
    assert [(one.at_s, one.text) for one in told.moments] == [
        (1, "Corner"),
        (3, "Goal!"),
    ]


def test_a_moment_after_all_taps_is_still_reached() -> None:
    told = timeline(burst(0, 2, hearts=1), line({"at_s": 9, "text": "Lights out"}))

    assert told.seconds == 9
    assert told.share(8) == 0


def test_the_busiest_moment_has_the_share_of_one_however_long_it_takes() -> None:
    told = timeline(burst(0, 2, hearts=10), burst(2, 4, hearts=40))

    assert [told.share(at_s) for at_s in (1, 4)] == [0.5, 1]


def test_between_two_bursts_the_share_runs_straight() -> None:
    told = timeline(burst(0, 2, hearts=10), burst(2, 2, hearts=20))

    assert told.share(1.5) == pytest.approx(0.625)
    assert told.share(2.5) == pytest.approx(0.875)


def test_in_a_gap_nobody_taps() -> None:
    told = timeline(burst(10, 2, hearts=10), burst(20, 2, hearts=10))

    assert [told.share(at_s) for at_s in (0, 5, 10, 11, 12, 16, 20, 21)] == [
        *(0, 0, 0, 1),
        *(0, 0, 0, 1),
    ]


def test_before_it_begins_and_after_it_ends_nobody_taps() -> None:
    told = timeline(burst(0, 2, hearts=10))

    assert [told.share(at_s) for at_s in (-0.1, 2.1, 1e9)] == [0, 0, 0]


def test_what_is_tapped_is_as_the_burst_of_that_moment_has_it() -> None:
    told = timeline(
        burst(0, 2, hearts=1, laughs=3), burst(2, 2), burst(4, 2, laughs=5, hearts=0)
    )

    assert told.mixture(1) == {"❤️": 0.25, "😂": 0.75}
    assert told.mixture(3) == told.mixture(1)
    assert told.mixture(4) == {"😂": 1}


def test_before_anything_is_tapped_the_first_mixture_holds() -> None:
    told = timeline(burst(5, 2, hearts=1), burst(7, 2, laughs=1))

    assert told.mixture(0) == {"❤️": 1}


def test_an_emoji_may_be_written_in_any_spelling() -> None:
    told = timeline(
        line({"at_s": 0, "for_s": 1, "counts": {":heart:": 1, "❤": 1, "😂": 2}})
    )

    assert told.mixture(0) == {"❤️": 0.5, "😂": 0.5}


def test_of_a_recording_the_last_frame_of_a_window_counts() -> None:
    told = timeline(
        frame(0, {"❤️": 1}),
        frame(0, {"❤️": 10}),
        frame(2, {"❤️": 5}),
        frame(0, {"❤️": 20}),
    )

    assert (told.seconds, told.title) == (4, "told")
    assert [told.share(at_s) for at_s in (1, 3)] == [1, 0.25]


def test_frames_of_a_recording_may_come_in_any_order() -> None:
    told = timeline(frame(4, {"❤️": 10}), frame(0, {"❤️": 5}), frame(2, {"❤️": 1}))

    assert [told.share(at_s) for at_s in (1, 3, 5)] == pytest.approx([0.5, 0.1, 1])


def test_what_was_retained_long_before_a_recording_is_no_part_of_it() -> None:
    told = timeline(frame(0, {"😂": 1}), frame(3600, {"❤️": 10}), frame(3602, {"❤️": 5}))

    assert told.seconds == 4
    assert told.mixture(0) == {"❤️": 1}


def test_a_quiet_minute_within_a_recording_stays() -> None:
    told = timeline(frame(0, {"😂": 1}), frame(2, {"😂": 1}), frame(3600, {"❤️": 10}))

    assert told.seconds == 3602


def test_moments_may_be_written_beside_a_recording() -> None:
    told = timeline(frame(0, {"😂": 1}), line({"at_s": 1, "text": "Goal!"}))

    assert [one.text for one in told.moments] == ["Goal!"]


def test_the_emoji_that_a_frame_does_not_name_count_as_taps() -> None:
    some = json.loads(frame(0, {"❤️": 5}))
    told = timeline(line(some | {"other": 15}), frame(2, {"❤️": 10}))

    assert [told.share(at_s) for at_s in (1, 3)] == [1, 0.5]


@pytest.mark.parametrize("end", [b'{"at_s": 5, "te', b'{"v": 1, "room": "fi', b"\xf0"])
def test_an_unfinished_last_line_is_left_out(end: bytes) -> None:
    assert timeline(burst(0, 2, hearts=1), end).seconds == 2


def test_a_last_line_without_an_end_counts_if_it_is_whole() -> None:
    assert timeline(burst(0, 2, hearts=1), burst(2, 2, hearts=1).strip()).seconds == 4


def test_empty_lines_say_nothing() -> None:
    assert timeline(b"\n", burst(0, 2, hearts=1), b"  \r\n").seconds == 2


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b"{\n", "truncated"),
        (b"\xff\n", "byte"),
        (b'{"title": "\xff"}\n', "utf-8"),
        (b"[1]\n", "Expected `object`"),
        (line({}), "it has neither a title, nor a text, nor counts"),
        (line({"at_s": -1, "text": "x"}), "Expected `float` >= 0.0 - at `$.at_s`"),
        (line({"at_s": 1, "for_s": 0, "counts": {}}), "at `$.for_s`"),
        (line({"at_s": 1, "for": 2, "counts": {}}), "unknown field `for`"),
        (line({"at_s": 1, "for_s": 2, "counts": {"x": 1}}), "'x' is no emoji"),
        (line({"at_s": 1, "for_s": 2, "counts": {"😂": -1}}), "Expected `float` >= 0"),
        (line({"at_s": 1, "for_s": 2, "counts": {"😂": "1"}}), "Expected `float`"),
        (line({"v": 2}), "not a frame"),
        (frame(4, {}, room="main"), "a frame of main, after those of final"),
        (frame(4, {}, window_ms=0), "at `$.for_s`"),
        (frame(4, {"😂": -1}), "Expected `float` >= 0"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_with_its_number(
    bad: bytes, why: str
) -> None:
    told = refusal(frame(0, {"❤️": 1}), b"\n", bad, frame(8, {"❤️": 1}))

    assert told.startswith("line 3: ")
    assert why in told


def test_counts_that_overlap_are_refused() -> None:
    told = refusal(burst(0, 3, hearts=1), burst(2, 2, hearts=1))

    assert told == ("counts from 2 s on begin before those from 0 s on have ended")


def test_counts_that_touch_do_not_overlap() -> None:
    tenths = [burst(n / 10, 0.1, hearts=1) for n in range(100)]

    told = timeline(*tenths)

    assert min(told.share(n / 10) for n in range(1, 99)) == pytest.approx(1)


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (line({"title": "Nothing"}), line({"at_s": 1, "text": "Goal!"})),
        (burst(0, 2), burst(2, 2, hearts=0)),
    ],
)
def test_a_timeline_in_which_nobody_taps_is_refused(lines: Iterable[bytes]) -> None:
    assert refusal(*lines) == "nobody taps anything"


def test_frames_of_two_events_are_no_recording() -> None:
    year_s = 365 * 24 * 3600

    assert "a week" in refusal(
        frame(0, {"❤️": 1}), frame(2, {"❤️": 1}), frame(year_s, {"❤️": 1})
    )


@given(
    st.lists(
        st.tuples(
            st.floats(0, 5), st.floats(0.01, 10), st.integers(0, 10**9).map(float)
        ),
        min_size=1,
        max_size=20,
    ),
    st.floats(-1, 400),
)
def test_the_share_is_always_within_bounds_and_the_mixture_whole(
    stretches: list[tuple[float, float, float]], at_s: float
) -> None:
    lines, end_s = [burst(0, 0.5, laughs=1)], 0.5
    for gap_s, for_s, number in stretches:
        lines.append(burst(end_s + gap_s, for_s, hearts=number))
        end_s += gap_s + for_s
    told = timeline(*lines)

    assert 0 <= told.share(at_s) <= 1
    assert sum(told.mixture(at_s).values()) == pytest.approx(1)


def test_a_file_is_found_by_its_path_and_called_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "semifinal.jsonl"
    file.write_bytes(burst(0, 2, hearts=1))

    assert Timeline.load(file).title == "semifinal"
    assert Timeline.load(str(file)) == Timeline.load(file)


def test_a_bad_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_bytes(b"{}\n{}\n")

    with pytest.raises(BadTimeline, match=r"bad\.jsonl: line 1: it has neither"):
        Timeline.load(file)


@pytest.mark.parametrize("name", ["", "nowhere.jsonl", ".", "../timelines/final"])
def test_what_is_not_there_is_told_with_what_is_shipped(name: str) -> None:
    with pytest.raises(BadTimeline, match=r"cannot be read: .* Shipped are: .*final"):
        Timeline.load(name)


@pytest.mark.parametrize("name", Timeline.names())
def test_a_shipped_timeline_can_be_played(name: str) -> None:
    told = Timeline.load(name)
    seconds = range(int(told.seconds))

    assert max(told.share(at_s) for at_s in seconds) > 0.9
    assert sum(told.share(at_s) < 0.2 for at_s in seconds) > len(seconds) / 10
    assert told.moments[-1].at_s < told.seconds
    for at_s in seconds:
        assert all(canonical(emoji) == emoji for emoji in told.mixture(at_s))


def test_the_cup_final_has_its_story() -> None:
    final = Timeline.load("final")
    texts = [one.text for one in final.moments]

    assert final.seconds == 600
    assert 25 <= len(texts) <= 35
    for word in ("GOAL", "VAR", "RED CARD", "whistle", "trophy"):
        assert any(word in text for text in texts)
