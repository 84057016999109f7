"""The `emostream` command: what operates a system, and what taps and watches.

What needs the extra `server` is imported inside the commands that need it: a
light install taps and watches with the same command.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

import clients.__main__ as clients
from compose import logtail
from compose.errors import Refused
from compose.layout import Layout
from compose.settings import PREFIX, BadSetting, Settings, variable

_INTERRUPTED = 130

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


def main() -> None:
    """Run the command line."""
    app()


@app.command()
def up() -> None:
    """Start all that does not run yet, and wait until it is ready."""
    with _problems_told():
        from compose import operate

        typer.echo(operate.up(Settings.load()))


@app.command()
def down() -> None:
    """Stop everything, what was started last first; data is kept."""
    with _problems_told():
        from compose import operate

        stopped = operate.down(Settings.load())
        typer.echo("Stopped." if stopped else "Nothing is running.")


@app.command()
def status() -> None:
    """Show each process, and how fresh what viewers see is; fails if one is down."""
    with _problems_told():
        from compose import operate

        if not operate.show_status(Settings.load()):
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
    with _problems_told():
        layout = Layout(Settings.load().state_dir)
        names = sorted(file.stem for file in layout.logs.glob("*.log"))
        if name not in names:
            known = ", ".join(names) or "none yet: `up` makes them"
            wrong = f"There is no log of {name!r}. " if name else ""
            raise Refused(f"{wrong}Logs: {known}")
        file = layout.log_of(name)
        if follow:
            os.execvp("tail", ["tail", "-n", str(lines), "-F", str(file)])  # noqa: S606, S607
        sys.stdout.writelines(f"{line}\n" for line in logtail.tail(file, lines=lines))


@app.command()
def clean(
    yes: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--yes", help="Do not ask.")
    ] = False,
) -> None:
    """Delete all data, logs and credentials; the jars are kept."""
    with _problems_told():
        from compose import operate

        typer.echo(operate.clean(Settings.load(), yes=yes))


@app.command()
def settings(
    name: Annotated[str, typer.Argument(help="Only this one's value.")] = "",
) -> None:
    """Show every setting: its variable, its value here, its meaning."""
    with _problems_told():
        chosen = Settings.load()
        values = chosen.model_dump()
        field = name.lower().removeprefix(PREFIX.lower())
        if field in values:
            typer.echo(values[field])
            return
        if name:
            raise Refused(f"There is no setting {name!r}.")
        table = Table(box=None, pad_edge=False)
        for title in ("variable", "value", "meaning"):
            table.add_column(title, overflow="fold", no_wrap=title == "variable")
        for each, about in Settings.model_fields.items():
            table.add_row(variable(each), str(values[each]), about.description)
        Console().print(table)


app.command()(clients.tap)
app.command()(clients.watch)


@contextmanager
def _problems_told() -> Iterator[None]:
    """End the command with a sentence where a person can do something about it."""
    try:
        yield
    except (BadSetting, Refused) as error:
        typer.echo(error, err=True)
        raise typer.Exit(2 if isinstance(error, BadSetting) else 1) from error
    except ModuleNotFoundError as error:
        typer.echo(
            f"This needs Python's {error.name}, which the extra `server` brings: pip"
            " install 'emostream[server]'; in a checkout: make setup",
            err=True,
        )
        raise typer.Exit(1) from error
    except KeyboardInterrupt as error:
        raise typer.Exit(_INTERRUPTED) from error


if __name__ == "__main__":
    main()
