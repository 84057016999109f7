"""How a command ends that cannot do what was asked: with a sentence, not a trace."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from compose.errors import Refused
from compose.settings import BadSetting

_INTERRUPTED = 130


@contextmanager
def told() -> Iterator[None]:
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
