"""Runs a demo from its beginning to its end."""

import fcntl
import os
import secrets
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from rich.console import Console

from clients.crowd.crowd import Crowd, CrowdFailed
from clients.crowd.plan import Plan
from clients.crowd.progress import Progress
from clients.crowd.report import Report
from clients.link import Address, Link
from clients.server import Unreachable
from compose import operate, running
from compose.banner import own_command
from compose.credentials import Credentials
from compose.demo import ending
from compose.demo.director import Director
from compose.demo.ending import Result
from compose.demo.happening import Kind
from compose.demo.known import topics
from compose.demo.rehearsal import rehearse
from compose.demo.screen import LiveScreen, screen_for
from compose.demo.stage import LOOKS_EVERY_S, Replay, Stage
from compose.demo.wish import Wish
from compose.errors import Refused
from compose.layout import Layout
from compose.settings import LOOPBACK, Settings
from compose.supervision.rpc import Supervisor
from mosquitto.acl import OPERATOR

_TICK_S = 0.1
_RETRY_WAIT_MAX_S = 1.0


def demo(settings: Settings, wish: Wish, console: Console) -> int:
    """Start the system if it is not up, run a demo on it, and say what it came to.

    Returns:
        What the command ends with.

    Raises:
        Refused: If the system cannot be brought up, or another demo runs.
        BadPlan: If nobody can do what is wished for.
        KeyboardInterrupt: If a person gave up before the crowd came.
    """
    wish.plan(f"http://{LOOPBACK}:{settings.http_port}")  # before anything is started
    _bring_up(settings, console)
    layout = Layout(settings.state_dir)
    settings = running.runs_with(settings)
    plan, match = wish.plan(f"http://{LOOPBACK}:{settings.http_port}")
    supervisor = Supervisor(layout.socket)
    with _alone(layout), _told():
        rehearse(plan, supervisor.processes, console)
        _introduce(console, plan)
        result = _play(settings, Replay(wish, match), plan, console)
    _write(console, "")
    for style, line in ending.lines(result):
        _write(console, line, style)
    _say_what_next(console, plan.room)
    return result.exit_code


def _bring_up(settings: Settings, console: Console) -> None:
    if Supervisor(Layout(settings.state_dir).socket).answers():
        _write(console, "EmoStream is running: the demo uses it as it is.")
        return
    _write(console, "EmoStream is not running: it is started, in half a minute or so.")
    operate.up(settings)
    stop = f"`make down` or `{own_command()} down` stops it."
    _write(console, f"EmoStream is up, and is left running: {stop}")


@contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    """Let one demo at a time kill parts of a system.

    Raises:
        Refused: If another one is at it.
    """
    file = os.open(layout.run / "demo.lock", os.O_RDONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Refused(
            "Another demo is running here, and kills parts of the system: this one"
            " can begin when that has ended."
        ) from error
    finally:
        os.close(file)


def _introduce(console: Console, plan: Plan) -> None:
    _write(
        console,
        f"{plan.clients:,} clients join the room {plan.room} and react to the end of"
        f" a cup final, at most {plan.rate:,.0f} times a second each."
        "\nOn the way a worker is killed (kill -9), and later a whole cluster's broker."
        " Ctrl-C ends it in order.",
    )


def _play(settings: Settings, replay: Replay, plan: Plan, console: Console) -> Result:
    supervisor = Supervisor(Layout(settings.state_dir).socket)
    crowd = Crowd(plan, told_every_s=LOOKS_EVERY_S)
    director = Director(
        _end,
        crowd.mark,
        spares_others=replay.wish.spares_others,
    )
    screen = screen_for(console)
    stage = Stage(replay, director, supervisor.processes, screen)
    link = Link(_main(settings), topics(plan.room), _RETRY_WAIT_MAX_S)
    link.tick_s = _TICK_S
    with (
        ThreadPoolExecutor(1) as pool,
        _ended_by_signals(crowd, stage),
        screen,
    ):
        shown = pool.submit(stage.run, link.events())
        try:
            report = _react(crowd, stage, shown)
            stage.end()
        except BaseException:
            stage.abandon()
            raise
        finally:
            shown.result()
            link.close()
    if isinstance(screen, LiveScreen):
        _retell(console, stage)
    return Result(report, director.kills, director.spared, stage.last)


def _react(crowd: Crowd, stage: Stage, shown: Future[None]) -> Report:
    def tell(progress: Progress) -> None:
        stage.told(progress)
        if shown.done():
            crowd.stop()  # by a fault, which is raised in the end

    return crowd.run(tell)


@contextmanager
def _told() -> Iterator[None]:
    """Say in a sentence why there is no crowd."""
    try:
        yield
    except (CrowdFailed, Unreachable) as error:
        raise Refused(
            f"The crowd could not do it: {error} `emostream status` says what is wrong."
        ) from error


def _end(pid: int) -> None:
    """Kill without a warning: nothing can be put in order."""
    os.kill(pid, signal.SIGKILL)


@contextmanager
def _ended_by_signals(crowd: Crowd, stage: Stage) -> Iterator[None]:
    """Let Ctrl-C end it in order, and a second one at once."""
    came: list[int] = []

    def stop(number: int, _: object) -> None:
        came.append(number)
        crowd.stop()
        if len(came) > 1:
            stage.abandon()

    before = {
        one: signal.signal(one, stop)
        for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(one) is not signal.SIG_IGN  # as `nohup` wants it
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _retell(console: Console, stage: Stage) -> None:
    """Write what happened to the system below the command: the picture is gone."""
    for happening in stage.happenings:
        if happening.kind is not Kind.MATCH:
            _write(console, f"{happening.clock}  {happening.text}")


def _main(settings: Settings) -> Address:
    password = Credentials.load(settings.state_dir).passwords[OPERATOR]
    # Nobody can guess it, and so nobody can throw it off main.
    client_id = f"{OPERATOR}-demo-{secrets.token_hex(8)}"
    return Address(LOOPBACK, settings.main_port, OPERATOR, password, client_id)


def _say_what_next(console: Console, room: str) -> None:
    emostream = own_command()
    _write(console, "")
    _write(console, "EmoStream is still running. What to do next:")
    _say(console, f"  {emostream} watch --room {room}")
    _say(console, f"  {emostream} tap ❤️ --room {room}  # and see it there")
    _say(console, f"  {emostream} ledger {room}  # what became of every reaction")
    _say(console, "  make down  # stops it")


def _write(console: Console, text: str, style: str = "") -> None:
    """Write sentences: on a terminal no word is cut in two."""
    is_one_line = not console.is_terminal
    console.print(
        text, style=style, markup=False, highlight=False, soft_wrap=is_one_line
    )


def _say(console: Console, text: str) -> None:
    """Write what may be copied, as it is."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)
