"""The commands of the clients, with the defaults of this installation."""

import signal
import sys
from typing import Annotated

import typer

import clients.cli.crowd
import clients.cli.join
import clients.cli.ledger
import clients.cli.tap
import clients.cli.verify
import clients.cli.watch
from clients.cli.ledger import Asked
from clients.cli.watch import BadBroker, broker_address
from clients.crowd.crowd import CrowdFailed
from clients.crowd.plan import BadPlan, Plan
from clients.ledger import LedgerReader, LedgerUnavailable
from clients.server import BadUrl, Unreachable, reactions_url
from clients.steps import Evicted, NotAdmitted
from clients.worker.profiles import FULL, PROFILES
from compose import contained
from compose.settings import LOOPBACK, BadSetting, Settings
from ingest.reaction import Reason
from ingest.topics import NO_ROOM
from mosquitto.topic import MAIN_ROOM, BadRoom, check_room

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


def _room(text: str) -> str:
    try:
        return check_room(text)
    except BadRoom as error:
        raise typer.BadParameter(str(error)) from error


def _profile(text: str) -> str:
    if text not in PROFILES:
        raise typer.BadParameter(f"{text!r} is none of {', '.join(PROFILES)}")
    return text


Room = Annotated[str, typer.Option(callback=_room, help="Whose audience you are in.")]


@app.command()
def tap(
    emoji: Annotated[str, typer.Argument(help="An emoji, or its name: ❤️, :heart:.")],
    room: Room = MAIN_ROOM,
    count: Annotated[int, typer.Option(min=1, help="How often.")] = 1,
    url: Annotated[
        str | None, typer.Option(help="Where to send; by default what `up` runs.")
    ] = None,
) -> None:
    """Send a reaction, and say what became of it."""
    base = url or _default_url()
    try:
        tally = clients.cli.tap.tap(emoji, count, reactions_url(base, room))
    except BadUrl as error:
        raise typer.BadParameter(str(error), param_hint="--url") from error
    except Unreachable as error:
        raise _nobody_at(base, error) from error
    sys.stdout.writelines(f"{line}\n" for line in tally.lines())
    if tally.refusal and Reason.BAD_EMOJI in tally.refusal.rejected:
        sys.stderr.write(f"{emoji!r} is no emoji, and no name of one: ❤️, :heart:.\n")
    raise typer.Exit(0 if tally.complete else 1)


@app.command()
def watch(
    room: Room = MAIN_ROOM,
    trace: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--trace", help="Show where a frame's time went.")
    ] = False,
    broker: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Which broker; by default cluster-1."),
    ] = None,
) -> None:
    """Show a room as it happens: a table, or a line a frame when piped."""
    # Ended like this or by Ctrl-C: the terminal is left as it was.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        host, port = broker_address(broker or f"{LOOPBACK}:{_settings().cluster_port}")
    except BadBroker as error:
        raise typer.BadParameter(str(error), param_hint="--broker") from error
    clients.cli.watch.watch(room, host, port, trace=trace)


@app.command()
def join(
    room: Room = MAIN_ROOM,
    profile: Annotated[
        str,
        typer.Option(callback=_profile, help=f"One of {', '.join(PROFILES)}."),
    ] = FULL.name,
    trace: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--trace", help="Show where a frame's time went.")
    ] = False,
    url: Annotated[
        str | None, typer.Option(help="Where to register; by default what `up` runs.")
    ] = None,
) -> None:
    """Be in a room's audience, served by a worker: a table, or a line a frame."""
    # Ended like this or by Ctrl-C: the audience is left, and the terminal as it was.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    base = url or _default_url()
    try:
        clients.cli.join.join(room, profile, base, trace=trace)
    except BadUrl as error:
        raise typer.BadParameter(str(error), param_hint="--url") from error
    except Unreachable as error:
        raise _nobody_at(base, error) from error
    except (Evicted, NotAdmitted) as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(1) from error


@app.command()
def crowd(  # noqa: PLR0913 - each is an option of its own
    *,
    room: Room = MAIN_ROOM,
    number: Annotated[
        int, typer.Option("--clients", min=0, help="How many join and react.")
    ] = 200,
    rate: Annotated[
        float, typer.Option(help="Reactions a second of each, at the busiest.")
    ] = 1000,
    seconds: Annotated[
        float | None,
        typer.Option(help="By default a minute, or as long as the timeline."),
    ] = None,
    viewers: Annotated[int, typer.Option(min=0, help="How many only watch.")] = 0,
    join_leave: Annotated[
        bool, typer.Option("--join-leave", help="Viewers come and go.")
    ] = False,
    timeline: Annotated[
        str, typer.Option(help="What to replay: a file, or a shipped one's name.")
    ] = "",
    speed: Annotated[float, typer.Option(help="How much faster than it was.")] = 1,
    url: Annotated[
        str | None, typer.Option(help="Which system; by default what `up` runs.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The report for programs.")
    ] = False,
) -> None:
    """Have a crowd react and watch; say what was counted, missed, and how fast.

    Ends with 1 if something was lost, refused or missed, with 3 if the run is invalid:
    this machine could not keep to its timetable.
    """
    base = url or _default_url()
    plan = Plan(
        url=base,
        room=room,
        clients=number,
        rate=rate,
        seconds=seconds,
        viewers=viewers,
        join_leave=join_leave,
        timeline=timeline,
        speed=speed,
    )
    try:
        found = clients.cli.crowd.crowd(plan, as_json=as_json)
    except BadPlan as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(2) from error
    except CrowdFailed as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(1) from error
    except Unreachable as error:
        raise _nobody_at(base, error) from error
    raise typer.Exit(found.exit_code)


@app.command()
def ledger(
    room: Annotated[
        str | None, typer.Argument(help="Whose; by default a line for each.")
    ] = None,
    *,
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again and again, until Ctrl-C.")
    ] = False,
    minutes: Annotated[
        int, typer.Option(min=1, max=1440, help="The newest so many, one by one.")
    ] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    url: Annotated[
        str | None, typer.Option(help="Which system; by default what `up` runs.")
    ] = None,
) -> None:
    """Show whether every stored reaction was counted once; fails if one was not."""
    # Ended like this or by Ctrl-C: the terminal is left as it was.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    base = url or _default_url()
    asked = Asked(room and _ledger_room(room), minutes, as_json)
    try:
        reader = LedgerReader(base)
        if watch:
            clients.cli.ledger.watch(reader, asked)
            return
        is_well = clients.cli.ledger.show(reader, asked)
    except BadUrl as error:
        raise typer.BadParameter(str(error), param_hint="--url") from error
    except Unreachable as error:
        raise _nobody_at(base, error) from error
    except LedgerUnavailable as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(1) from error
    raise typer.Exit(0 if is_well else 1)


def _ledger_room(text: str) -> str:
    return text if text == NO_ROOM else _room(text)


@app.command()
def verify(
    url: Annotated[
        str | None, typer.Argument(help="Which system; by default what `up` runs.")
    ] = None,
    clusters: Annotated[
        int, typer.Option(min=1, help="How many clusters there must be at least.")
    ] = 1,
    as_json: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--json", help="The findings for programs.")
    ] = False,
) -> None:
    """Check a running system from outside, in less than a minute; fails if it is ill.

    Sends known reactions, copies and nonsense into a room of its own, watches and joins
    it at every cluster, and reads its ledger.
    """
    try:
        verdict = clients.cli.verify.verify(
            url or _default_url(), clusters_min=clusters, as_json=as_json
        )
    except BadUrl as error:
        raise typer.BadParameter(str(error), param_hint="URL") from error
    raise typer.Exit(0 if verdict.is_well else 1)


def _nobody_at(base: str, error: Unreachable) -> typer.Exit:
    settings = _settings()
    up = contained.starts(settings) if settings.is_contained else "`make up`"
    sys.stderr.write(
        f"Nobody answers at {base} ({error}): start the system with {up}, or name a"
        " running one with --url.\n"
    )
    return typer.Exit(1)


def _default_url() -> str:
    settings = _settings()
    return f"http://{settings.http_host}:{settings.http_port}"


def _settings() -> Settings:
    try:
        return Settings.load()
    except BadSetting as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(2) from error


if __name__ == "__main__":
    app()
