import io
import os

from rich.console import Console

from clients.cli.screen import (
    PlainScreen,
    frame_line,
    is_abandoned,
    picture,
    trace_words,
)
from clients.cli.view import Hops, Watching
from clients.event import Connected, Message
from stream.frame import Frame, Times

FRAME = Frame(
    v=1,
    room="final",
    epoch="2026-11-20T18:00:00.000Z",
    seq=8123,
    window_start_ms=1_795_226_378_000,
    window_ms=2000,
    counts={"❤️": 3785, "😂": 12},
    other=4,
    scaled={"❤️": 3, "😂": 1},
    share={"❤️": 0.9958, "😂": 0.0032},
    mood={"joy": 0.003, "love": 0.997},
    sentiment={"positive": 1.0, "neutral": 0.0},
    total=918_273,
    totals={"❤️": 900_100, "😂": 18_173},
    times=Times(appended_ms=1000, made_ms=1300),
)


def came(payload: bytes) -> Message:
    return Message(
        1, "rooms/final/frame", payload, retained=False, bridge_ms=1310, here_ms=1340
    )


def test_a_frame_is_one_line_of_words() -> None:
    assert frame_line(FRAME) == (
        "2026-11-21T01:59:38.000Z room=final total=918273 mood=love"
        " sentiment=positive ❤️=3785 😂=12 other=4"
    )


def test_a_trace_is_words_of_the_same_line() -> None:
    assert trace_words(None) == ""
    assert trace_words(Hops(1000, 1300, 1310, 1340)) == (
        " stored→made=300ms made→bridge=10ms bridge→here=30ms all=340ms"
    )


def test_a_pipe_gets_a_line_a_frame_and_everything_else_goes_to_the_notes() -> None:
    out, notes, room = io.StringIO(), io.StringIO(), Watching("final")
    screen = PlainScreen(out, notes, trace=False)

    for event in (Connected(0), came(b"?"), came(b"?"), came(FRAME.encode())):
        room.take(event)
        screen.show(room)
        screen.show(room)

    assert out.getvalue() == frame_line(FRAME) + "\n"
    assert [line.split(":")[0] for line in notes.getvalue().splitlines()] == [
        "connecting",
        "unreadable rooms/final/frame",
    ]


def test_the_table_shows_the_room_and_what_was_unreadable() -> None:
    room = Watching("final")
    for payload in (b"?", FRAME.encode()):
        room.take(came(payload))
    console = Console(file=io.StringIO(), width=100, record=True)

    console.print(picture(room, rows_max=1, trace=True))
    text = console.export_text()

    assert "final  total 918,273  mood love 100%  sentiment positive 100%" in text
    assert "3,785" in text
    assert "900,100" in text
    assert "18,173" not in text  # the second row finds no place
    assert "all=340ms" in text
    assert "unreadable" in text


def test_a_pipe_is_abandoned_once_nobody_reads_it() -> None:
    reader, writer = os.pipe()
    with open(writer, "w") as out:  # noqa: PTH123 - a descriptor, no path
        assert not is_abandoned(out)
        os.close(reader)
        assert is_abandoned(out)


def test_what_is_no_file_is_never_abandoned() -> None:
    assert not is_abandoned(io.StringIO())
