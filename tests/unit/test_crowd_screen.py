import pytest
from msgspec.structs import replace
from rich.console import Console
from typer.testing import CliRunner

from clients.__main__ import app
from clients.cli.crowd import picture, progress_line, spread
from clients.crowd.latency import Latency
from clients.crowd.progress import Phase, Progress

PROGRESS = Progress(
    phase=Phase.SENDING,
    at_s=15,
    of_s=60,
    expected=200,
    joined=199,
    sent=5000,
    accepted=4900,
    before=100,
    total=4600,
    frames=7,
    deliveries=1400,
    moment="Goal! 1:0",
)


def drawn(progress: Progress) -> str:
    console = Console(width=100)
    with console.capture() as capture:
        console.print(picture(progress))
    return capture.get()


def test_progress_is_one_line() -> None:
    assert progress_line(PROGRESS) == (
        "sending 15/60 s  joined 199/200  accepted 4,900/5,000  counted 4,500"
        "  deliveries 1,400  Goal! 1:0"
    )


def test_before_anything_is_sent_there_is_no_word_of_it() -> None:
    joining = replace(PROGRESS, phase=Phase.JOINING, sent=0, moment="")

    assert progress_line(joining) == "joining 15/60 s  joined 199/200  deliveries 1,400"
    assert "accepted" not in drawn(joining)


def test_trouble_is_shown_only_where_there_is_some() -> None:
    bad = replace(PROGRESS, refused=3, late=1, reconnects=2)

    assert "refused 3  late 1  reconnects 2" in progress_line(bad)
    assert "unknown" not in progress_line(bad)
    assert "reconnects" in drawn(bad)
    assert "reconnects" not in drawn(PROGRESS)


def test_a_terminal_shows_how_far_it_is_and_what_happens() -> None:
    shown = drawn(PROGRESS)

    assert "████ " in shown
    assert "15/60 s" in shown
    assert "4,900 accepted of 5,000" in shown
    assert "Goal! 1:0" in shown


def test_what_was_not_measured_is_said_to_be() -> None:
    assert spread(None) == "not measured: there were fewer than two"
    assert spread(Latency(1, 2, 3, 4, 1000)) == "p50 1 p95 2 p99 3 max 4 ms (n = 1,000)"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--rate", "-1"], "rate is -1: it is to be from 0 to 100,000.\n"),
        (["--join-leave"], "Nobody comes and goes without viewers: name some.\n"),
    ],
)
def test_a_bad_value_is_one_sentence(words: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["crowd", "--url", "http://127.0.0.1:9", *words])

    assert (done.exit_code, done.stderr) == (2, said)
