"""The `emostream` command: what operates a system, and what taps, watches and joins.

What needs the extra `server` is imported inside the commands that need it: a
light install taps, watches and joins with the same command.
"""

import json
import os
import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

import clients.__main__ as clients
import clients.worker.__main__ as worker
from compose import clients_command, logtail, problems, settings_show
from compose.contained import inside, natively, with_spark
from compose.demo.command import demo
from compose.errors import Refused
from compose.layout import Layout
from compose.scaling import commands as scaling
from compose.settings import Settings

_ClientId = Annotated[str, typer.Argument(metavar="ID", help="Whom `list` names.")]
_AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
audience = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Show who has joined, and put one out.",
)


def main() -> None:
    """Run the command line."""
    app()


@app.command()
def up() -> None:
    """Start all that does not run yet, and wait until it is ready."""
    with problems.told():
        from compose import operate

        typer.echo(operate.up(natively()))


@app.command()
def down() -> None:
    """Stop everything, what was started last first; data is kept."""
    with problems.told():
        from compose import operate

        stopped = operate.down(natively())
        typer.echo("Stopped." if stopped else "Nothing is running.")


@app.command()
def status(
    watch: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--watch", help="Look again and again, until Ctrl-C.")
    ] = False,
    as_json: _AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Show each process and each hop; fails with what is wrong, if anything is."""
    with problems.told():
        from compose import operate

        if not operate.show_status(inside(), watch=watch, as_json=as_json):
            raise typer.Exit(1)


@app.command()
def doctor(as_json: _AsJson = False) -> None:  # noqa: FBT002 - a flag of the command line
    """Look at all that the system needs, and say what helps; fails if it cannot run."""
    from compose.doctor import checks as doctors

    with problems.told():
        found = doctors.examine(natively)
    if as_json:
        typer.echo(json.dumps(doctors.document(found)))
    else:
        Console().print(doctors.table(found))
    if not doctors.is_well(found):
        raise typer.Exit(1)


@app.command()
def logs(
    name: Annotated[str, typer.Argument(help="A process; none lists them.")] = "",
    follow: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--follow", "-f", help="Go on with what comes.")
    ] = False,
    lines: Annotated[int, typer.Option(min=0, help="How many to show.")] = 50,
) -> None:
    """Show the end of a process' log."""
    with problems.told():
        layout = Layout(natively().state_dir)
        names = sorted(file.stem for file in layout.logs.glob("*.log"))
        known = f"Logs: {', '.join(names) or 'none yet: `up` makes them'}"
        if not name:
            typer.echo(known)
            return
        if name not in names:
            raise Refused(f"There is no log of {name!r}. {known}")
        file = layout.log_of(name)
        if follow:
            os.execvp("tail", ["tail", "-n", str(lines), "-F", str(file)])  # noqa: S606, S607
        sys.stdout.writelines(f"{line}\n" for line in logtail.tail(file, lines=lines))


@app.command()
def rejects(
    count: Annotated[
        int, typer.Option("--count", "-n", min=1, max=1000, help="The newest so many.")
    ] = 20,
    follow: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--follow", "-f", help="Go on with what comes.")
    ] = False,
    as_json: _AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Show what the stream could not count as its sender meant, and why."""
    with problems.told():
        import stream.topics
        from compose.rejects import RejectLog, show

        chosen = inside()
        topic = stream.topics.rejects(chosen.kafka_topic_prefix).name
        log = RejectLog(chosen.bootstrap_servers, topic)
        show(log, count=count, follow=follow, as_json=as_json)


@app.command()
def recount(
    room: Annotated[str, typer.Argument(help="Which room.")],
    since: Annotated[
        str, typer.Option("--from", help="The first minute, 20:15 or ISO 8601, UTC.")
    ] = "",
    until: Annotated[str, typer.Option("--to", help="The minute after the last.")] = "",
    as_json: _AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Count a room again from the raw reactions in Kafka; fails if totals differ."""
    with problems.told():
        chosen = with_spark()
        from compose.recount import show

        if not show(chosen, room, since, until, as_json=as_json):
            raise typer.Exit(1)


@app.command("host-url")
def host_url(
    room: Annotated[str, typer.Argument(help="Whose host the link makes.")],
    by: Annotated[str, typer.Option(help="What the room's log calls it.")] = "host",
    hours: Annotated[
        int, typer.Option(min=1, max=8760, help="How long the link is good.")
    ] = 168,
) -> None:
    """Print a link to close and open a room, and to choose its emoji."""
    with problems.told():
        from compose import host_url

        typer.echo(host_url.text(inside(), room, by=by, hours=hours))


@app.command("host-log")
def host_log(
    room: Annotated[str, typer.Argument(help="Which room.")],
    as_json: _AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Show who changed what in a room, the newest change first."""
    with problems.told():
        from compose import host_log

        host_log.show(inside(), room, as_json=as_json)


@app.command()
def clean(
    yes: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--yes", help="Do not ask.")
    ] = False,
) -> None:
    """Delete all data, logs and credentials; the jars are kept."""
    with problems.told():
        from compose import operate

        typer.echo(operate.clean(natively(), yes=yes))


@app.command()
def settings(
    name: Annotated[str, typer.Argument(help="Only this one's value.")] = "",
    as_json: _AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Show every setting: its value, where that comes from, its default, its reason."""
    with problems.told():
        chosen = Settings.load()
        if not name and not as_json:
            Console().print(settings_show.text(chosen), soft_wrap=True, end="")
            return
        one = settings_show.find(chosen, name)
        if name and one is None:
            raise Refused(f"There is no setting {name!r}.")
        if one is None:
            typer.echo(json.dumps(settings_show.document(chosen), ensure_ascii=False))
        else:
            typer.echo(json.dumps(asdict(one)) if as_json else one.value)


@audience.command("list")
def list_clients(
    room: Annotated[str | None, typer.Option(help="Only this one's.")] = None,
    as_json: _AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Show who has joined; fails if a cluster cannot be asked."""
    with problems.told():
        if not clients_command.show_all(inside(), room, as_json=as_json):
            raise typer.Exit(1)


@audience.command("show")
def show_client(client_id: _ClientId) -> None:
    """Show where one client is served, and the topic of its frames."""
    with problems.told():
        clients_command.show_one(inside(), client_id)


@audience.command("evict")
def evict_client(client_id: _ClientId) -> None:
    """Put a client out; its id stays out for the five minutes of a lease."""
    with problems.told():
        clients_command.evict(inside(), client_id)


app.command()(demo)
app.command()(scaling.drain)
app.command()(scaling.undrain)
app.command()(scaling.scale)
app.add_typer(audience, name="clients")
app.command()(clients.tap)
app.command()(clients.watch)
app.command()(clients.join)
app.command()(clients.crowd)
app.command()(clients.verify)
app.command()(clients.ledger)
app.command("worker")(worker.main)


if __name__ == "__main__":
    main()
