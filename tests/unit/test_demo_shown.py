"""How a demo is shown and what it comes to, from plain values."""

import io
from collections.abc import Mapping

import pytest
from msgspec.structs import replace
from rich.console import Console, ConsoleDimensions

from clients.crowd.latency import Latency
from clients.crowd.plan import BadPlan, Plan
from clients.crowd.progress import Phase, Progress
from clients.crowd.report import INVALID, NOT_WELL, WELL, Records, report
from clients.crowd.schedule import Due
from clients.crowd.sending import Sendings, Sent
from clients.crowd.wire import Attended, Taps
from clients.crowd.witnessed import Witnessed
from compose.demo.ending import Result, lines
from compose.demo.happening import Happening, Kind
from compose.demo.kills import BrokerKill, Kill, Look, Victim, WorkerKill
from compose.demo.known import Known
from compose.demo.picture import picture
from compose.demo.scene import Scene, ledger_words
from compose.demo.screen import PlainScreen, screen_for
from compose.demo.surplus import Surplus
from compose.demo.tapped import Tapped
from compose.demo.wish import Wish
from tests.frames import hearts

SPREAD = Latency(1, 2, 3, 1800, 100)
LAST = Progress(phase=Phase.SETTLING, at_s=60, of_s=60, expected=2, joined=2)
PLAN = Plan(url="http://127.0.0.1:8080", room="demo-1", clients=2, rate=50)
ATTENDED = Attended(
    members=2,
    not_joined=0,
    put_out=0,
    frames=10,
    deliveries=20,
    missed=0,
    missed_by=0,
    missed_away=3,
    total=100,
    moves=0,
    reconnects=1,
    joins=SPREAD,
    relay=SPREAD,
    spread=SPREAD,
    arrivals=SPREAD,
    everywhere=SPREAD,
    newer=SPREAD,
    taps=[Taps([50, 100], [1001.0, 1002.0])] * 2,
)
SCENE = Scene(
    title="The end of a cup final",
    room="demo-1",
    speed=10,
    phase=Phase.SENDING,
    at_s=30,
    of_s=60,
    frame=hearts(1234),
    per_s=98765.4,
    sent=1300,
    accepted=1290,
    counted=1234,
    surplus=0,
    refused=0,
    served=199,
    expected=200,
    clusters={"cluster-1": 120, "cluster-2": None},
    latency=Latency(980, 1500, 1610, 1700, 2400),
    happenings=[
        Happening(1000.0, Kind.MATCH, "GOAL! 1:0! A volley into the far corner!"),
        Happening(1001.0, Kind.KILLED, "killed cluster-2's broker (pid 4711)"),
    ],
)


def batch(due_s: float, late_s: float = 0.0) -> Sent:
    ready_s = due_s + late_s
    answered_s = due_s + 0.1
    return Sent("demo-1", 50, due_s, ready_s, ready_s, answered_s, "202", "accepted", 1)


def kills(*, ready_after_s: float | None = 2.0) -> list[Kill]:
    look = Look(0, Known("demo-1"), {}, LAST)
    worker = Victim("cluster-1-worker-1", "cluster-1", 4710, 7, frozenset("12"))
    broker = Victim("cluster-2", "cluster-2", 4711, 67)
    made: list[Kill] = [WorkerKill(worker, look, 0), BrokerKill(broker, look, 0)]
    for kill in made:
        kill.served_after_s, kill.ready_after_s = 0.2, ready_after_s
    return made


def result(  # noqa: PLR0913 - all have a usual value
    attended: Mapping[str, object] | None = None,
    *,
    last: Progress = LAST,
    late_s: float = 0.0,
    killed: list[Kill] | None = None,
    spared: tuple[str, ...] = (),
    is_interrupted: bool = False,
    witnessed: Witnessed | None = None,
) -> Result:
    book = Sendings(1000.0, (batch(0, late_s), batch(1)), 3, went_first=True)
    found = replace(ATTENDED, **(attended or {}))
    records = Records(
        plan=PLAN,
        seconds=60,
        attended=found,
        sendings=book,
        witnessed=witnessed,
        is_interrupted=is_interrupted,
    )
    return Result(report(records), kills() if killed is None else killed, spared, last)


def text(found: Result) -> str:
    return "\n".join(line for _, line in lines(found))


def test_a_demo_in_which_all_is_right_says_what_the_kills_cost() -> None:
    found = result()

    assert found.exit_code == WELL
    said = text(found)
    assert "accepted                  100 reactions" in said
    assert "counted                   100 lost 0, counted twice 0" in said
    assert "7 clients stayed where they were; others had its slots after 0.2 s" in said
    assert (
        "67 clients had to move; nobody waited longer than 1.8 s for a new frame"
        in said
    )
    assert "3 by clients that moved, each replaced by a newer one" in said
    assert "0 by all others" in said
    assert said.endswith(
        "Each of 100 accepted reactions is counted once, though cluster-1-worker-1 and"
        " cluster-2's broker died meanwhile. All 2 clients are served."
    )


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (result({"total": 99}), "1 reactions were accepted and are not counted"),
        (result({"total": 101}), "1 reactions more are counted than were sent"),
        (result(last=replace(LAST, joined=1)), "1 clients were not served in the end"),
        (result({"unserved": 1}), "1 clients were not served in the end"),
        (result({"put_out": 5, "problem": "evicted"}), "5 clients were turned away"),
        (result({"not_joined": 3}), "3 clients were never assigned"),
        (result({"not_newer": 40}), "40 clients got nothing newer after the mark"),
        (result({"missed": 900, "missed_by": 60}), "60 clients missed 900 frames"),
        (
            result(killed=kills(ready_after_s=None)),
            "cluster-2's broker was killed and has not come back",
        ),
    ],
)
def test_a_demo_fails_by_what_must_not_be(found: Result, words: str) -> None:
    assert found.exit_code == NOT_WELL
    assert words in text(found)
    assert "is counted once" not in text(found)


def test_what_the_ledger_has_stands_beside_what_is_counted() -> None:
    found = result(witnessed=Witnessed(stored=120, repeated=20, counted=100))

    assert found.exit_code == WELL
    assert (
        "ledger            stored 120, repeated 20, counted 100: difference 0"
        in text(found)
    )


def test_a_ledger_that_says_otherwise_fails_a_demo() -> None:
    found = result(witnessed=Witnessed(stored=100, counted=101, difference=-1))

    assert found.exit_code == NOT_WELL
    assert "the ledger says otherwise: 100 reactions stored once, 101" in text(found)
    assert "is counted once" not in text(found)


def test_who_got_no_new_frame_is_not_said_to_have_waited_for_one() -> None:
    said = text(result({"not_newer": 40}))

    assert "40 got no new frame at all, the others after 1.8 s" in said
    assert "nobody waited" not in said


def test_what_may_still_be_counted_is_not_called_lost() -> None:
    said = text(result({"total": 99}))

    assert "counted                    99 not counted yet 1, counted twice 0" in said


def test_what_is_wrong_is_said_once() -> None:
    found = result({"unserved": 1}, last=replace(LAST, joined=1))

    assert text(found).count("not served in the end") == 1


def test_who_ends_it_early_does_not_wait_until_all_are_back() -> None:
    found = result({"unserved": 1, "not_newer": 1}, is_interrupted=True)

    assert found.exit_code == WELL
    assert "1 got no new frame at all" in text(found)


def test_what_was_seen_too_late_is_said_of_a_demo_too() -> None:
    seen = Taps([50, 100], [1002.5, 1004.5])
    found = result({"taps": [seen, seen]})

    assert found.exit_code == WELL
    assert text(found).endswith("are served.\nBut p99 was 3.5 s (over 2 s).")
    assert "But" not in text(result())


def test_a_sender_that_was_late_makes_the_figures_the_machines() -> None:
    found = result(late_s=0.5)

    assert found.exit_code == INVALID
    assert "This machine was too busy for true latencies: 50.0% of the POSTs" in text(
        found
    )


@pytest.mark.parametrize(
    ("missed", "killed", "code"),
    [(14, kills(), WELL), (15, kills(), NOT_WELL), (1, [], NOT_WELL)],
)
def test_only_a_killed_workers_clients_may_skip_frames_until_another_serves_them(
    missed: int, killed: list[Kill], code: int
) -> None:
    found = result({"missed": missed, "missed_by": 1}, killed=killed)

    assert found.exit_code == code
    assert f"{missed} by all others" in text(found)


def test_what_was_not_killed_is_said_in_the_end() -> None:
    found = result(killed=[], spared=("cluster-2 is not killed: 3 others",))

    assert found.exit_code == WELL
    assert "cluster-2 is not killed: 3 others" in text(found)
    assert "died meanwhile" not in text(found)


def test_taps_are_timed_by_the_first_total_that_reaches_them() -> None:
    tapped = Tapped([Due(0.0, "r", 10), Due(0.5, "r", 5), Due(1.0, "r", 5)])

    seen = [timed(tapped, *at) for at in ((9, 0.9), (15, 1.5), (15, 3.0), (20, 3.0))]
    assert seen == [None, (2, 1500), (2, 1500), (3, 2000)]


def test_only_what_was_counted_before_the_sender_spoke_must_have_been_sent() -> None:
    surplus = Surplus()
    for sent in (100, 200, 300, 400):
        surplus.hear(
            sent, sent + 50, is_all=False
        )  # main is ahead of the sender's word
        assert surplus.now == 0
    for _ in range(9):
        surplus.hear(400, 700, is_all=False)
        assert surplus.now == 0  # it has not spoken since
    surplus.hear(500, 700, is_all=False)
    surplus.hear(510, 700, is_all=False)
    surplus.hear(520, 700, is_all=False)

    assert surplus.now == 180


def test_once_all_is_sent_each_more_that_is_counted_is_one_too_many() -> None:
    surplus = Surplus()
    surplus.hear(100, 100, is_all=True)
    assert surplus.now == 0
    surplus.hear(100, 101, is_all=True)

    assert surplus.now == 1


def timed(tapped: Tapped, counted: int, at_s: float) -> tuple[int, int] | None:
    tapped.see(counted, at_s)
    found = tapped.latency
    return (found.n, round(found.max_ms)) if found else None


@pytest.mark.parametrize(("width", "height"), [(80, 24), (110, 34), (200, 60)])
def test_the_picture_fills_the_terminal_and_has_it_all(width: int, height: int) -> None:
    console = Console(width=width, height=height)
    with console.capture() as capture:
        console.print(picture(SCENE, ConsoleDimensions(width, height)))
    drawn = capture.get().rstrip("\n")

    assert len(drawn.splitlines()) == height
    for words in (
        "05:00 of 10:00",
        "room demo-1",
        "1,234 reactions",
        "98,765/s",
        "mood: love 100%",
        "GOAL! 1:0!",
        "killed cluster-2's broker (pid",
        "sent 1,300",
        "on their way 66",
        "199 of 200 are served",
        "cluster-1 120  cluster-2 is away",
        "p50 980 ms  p99 1,610 ms",
        "refused 0",
    ):
        assert words in drawn


def test_of_a_long_story_the_newest_is_shown() -> None:
    story = [Happening(0, Kind.MATCH, f"moment {number}") for number in range(100)]
    console = Console(width=80, height=24)
    scene = scene_with(happenings=story)
    with console.capture() as capture:
        console.print(picture(scene, ConsoleDimensions(80, 24)))

    assert "moment 99" in capture.get()
    assert "moment 80" not in capture.get()


def test_a_pipe_gets_each_happening_once_and_figures_now_and_then() -> None:
    out, now_s = io.StringIO(), [0.0]
    screen = PlainScreen(out, lambda: now_s[0])
    screen.show(SCENE)
    screen.show(SCENE)
    said = out.getvalue().splitlines()

    assert len(said) == 3
    assert said[1].endswith("killed  killed cluster-2's broker (pid 4711)")
    assert said[2].startswith("match 05:00 of 10:00 | 98,765/s | accepted 1,290")
    now_s[0] = 5.0
    screen.show(SCENE)
    assert len(out.getvalue().splitlines()) == 4


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"surplus": 1}, "✗ 1 more are counted than were sent"),
        ({"counted": 1301}, "✓ nothing is counted that was not sent"),
        ({"counted": 1300}, "✓ nothing is counted that was not sent"),
        (
            {"counted": 1300, "phase": Phase.SETTLING},
            "✓ all that was sent is counted, each once",
        ),
    ],
)
def test_the_ledger_line_says_only_what_is_known(
    changes: Mapping[str, object], words: str
) -> None:
    assert ledger_words(scene_with(**changes)) == words


@pytest.mark.parametrize(
    ("width", "height", "terminal"), [(79, 24, True), (80, 23, True), (120, 40, False)]
)
def test_without_room_for_the_picture_there_are_lines(
    width: int,
    height: int,
    terminal: bool,  # noqa: FBT001 - a case of the table
) -> None:
    out = io.StringIO()
    console = Console(
        file=out, width=width, height=height, force_terminal=terminal, no_color=True
    )

    assert isinstance(screen_for(console), PlainScreen)
    assert ("79x24" in out.getvalue()) is (width < 80)


def test_each_demo_has_a_room_of_its_own_and_the_whole_match() -> None:
    rooms = {Wish().room for _ in range(20)}
    plan, match = Wish(seconds=15).plan("http://127.0.0.1:8080")

    assert len(rooms) > 1
    assert all(room.startswith("demo-") for room in rooms)
    assert plan.speed * 15 == match.seconds
    assert not plan.steps_back  # who is lost shall not wait for others to come back


def test_a_demo_without_reactions_is_refused() -> None:
    with pytest.raises(BadPlan, match="rate is 0"):
        Wish(rate=0).plan("http://127.0.0.1:8080")


def scene_with(**changes: object) -> Scene:
    names = Scene.__slots__
    return Scene(**{name: getattr(SCENE, name) for name in names} | changes)
