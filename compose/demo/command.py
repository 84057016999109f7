"""The command `demo`.

What needs the extra `server` is imported inside it: a light install has none of it.
"""
# ruff: noqa: PLC0415

import os
import sys
from typing import Annotated

import typer
from rich.console import Console

from clients.crowd.plan import BadPlan
from compose import problems
from compose.contained import natively
from compose.demo.wish import SECONDS, SECONDS_MAX, SECONDS_MIN, Wish, fresh_room

_BAD_VALUE = 2


def demo(
    *,
    clients: Annotated[int, typer.Option(min=1, help="How many join and react.")] = 200,
    rate: Annotated[
        float, typer.Option(help="Reactions a second of each, at the busiest.")
    ] = 1000,
    seconds: Annotated[
        float,
        typer.Option(
            min=SECONDS_MIN, max=SECONDS_MAX, help="In which the match is replayed."
        ),
    ] = SECONDS,
    room: Annotated[str, typer.Option(help="By default a new one each time.")] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Kill parts though others are served, too.")
    ] = False,
) -> None:
    """Show a match with its crowd while parts of the system are killed.

    Starts the system if it is not up, and leaves it running. Ends with 1 if a reaction
    was lost or counted twice, or somebody is not served again, with 3 if this machine
    is too busy for true latencies.
    """
    wish = Wish(clients, rate, seconds, room or fresh_room(), spares_others=not yes)
    with problems.told():
        from compose.demo import run

        try:
            code = run.demo(natively(), wish, Console())
        except BadPlan as error:
            typer.echo(error, err=True)
            raise typer.Exit(_BAD_VALUE) from error
        except BrokenPipeError as error:
            # Python flushes stdout once more when it ends, and would complain again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from error
        raise typer.Exit(code)
