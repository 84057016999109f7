"""`emostream join`: one room as a registered client sees it, until interrupted."""

import os
import sys
from contextlib import ExitStack, closing
from typing import TextIO

from clients.audience import Audience, audience
from clients.cli.notes import Notes
from clients.cli.screen import is_abandoned, screen_for
from clients.cli.view import Watching
from clients.newest import LiteFrame
from clients.reception import Reception
from clients.worker.profiles import LITE
from clients.worker.wire import Join


def join(room: str, profile: str, url: str, *, trace: bool) -> None:
    """Show the room on stdout until Ctrl-C, or until nobody reads any more.

    Raises:
        BadUrl: If `url` is not an HTTP address.
        Evicted: If the operator has put this client out.
        NotAdmitted: If no such client is taken.
        Unreachable: If nobody answers at `url`.
    """
    wanted, asking = audience(Join(room, profile), url)
    try:
        with asking:
            if profile == LITE.name:
                _show_lines(wanted, sys.stdout, sys.stderr)
            else:
                _show(wanted, room, trace=trace)
    except KeyboardInterrupt:
        pass  # the audience has been left
    except BrokenPipeError:
        # Python flushes stdout once more when it ends, and would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show(wanted: Audience, room: str, *, trace: bool) -> None:
    watching = Watching(room)
    with ExitStack() as stack:
        events = stack.enter_context(closing(wanted.events()))
        screen = stack.enter_context(screen_for(sys.stdout, trace=trace))
        screen.show(watching)
        for event in events:
            watching.take(event)
            screen.show(watching)


def _show_lines(wanted: Audience, out: TextIO, notes: TextIO) -> None:
    """Write each line as it came: it is made to be read by a program."""
    reception, said = Reception(LiteFrame.decode), Notes(notes)
    with closing(wanted.events()) as events:
        for event in events:
            news = reception.take(event)
            said.say(reception)
            if is_abandoned(out):
                raise BrokenPipeError
            if news:
                print(news.line, file=out, flush=True)
