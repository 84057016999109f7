"""`emostream watch`: one room as it happens, until interrupted."""

import os
import sys

from clients.cli.screen import Screen, screen_for
from clients.cli.view import Watching
from clients.link import Address, Link
from mosquitto.topic import CONTROL_PULSE, room_frame


class BadBroker(ValueError):
    """The text is not the address of a broker."""


def broker_address(text: str) -> tuple[str, int]:
    """Read `HOST:PORT`.

    Raises:
        BadBroker: If it is anything else.
    """
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isascii() and port.isdigit()):
        raise BadBroker(f"{text!r} is not HOST:PORT")
    if not 0 < int(port) < 2**16:
        raise BadBroker(f"{port} is not a port")
    return host.strip("[]"), int(port)


def watch(room: str, host: str, port: int, *, trace: bool) -> None:
    """Show the room on stdout until Ctrl-C, or until nobody reads any more."""
    link = Link(Address(host, port), (room_frame(room), CONTROL_PULSE))
    try:
        _run(link, Watching(room), screen_for(sys.stdout, trace=trace))
    except KeyboardInterrupt:
        link.close()
    except BrokenPipeError:
        link.close()
        # Python flushes stdout once more when it ends, and would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(link: Link, watching: Watching, screen: Screen) -> None:
    with screen:
        screen.show(watching)
        for event in link.events():
            watching.take(event)
            screen.show(watching)
