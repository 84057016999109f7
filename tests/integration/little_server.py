"""A process for the runner's tests; notes its start and its end in a journal.

little_server.py NAME JOURNAL PORT [PORT IT NEEDS]...
"""

import signal
import socket
import sys
from pathlib import Path

LOOPBACK = "127.0.0.1"


def main(name: str, journal: str, port: str, *needed: str) -> None:
    def note(event: str) -> None:
        with Path(journal).open("a") as file:
            file.write(f"{name} {event}\n")

    def end(*_: object) -> None:
        note("ended")
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    for other in needed:
        socket.create_connection((LOOPBACK, int(other))).close()
    note("started")
    listener = socket.create_server((LOOPBACK, int(port)))
    while True:
        listener.accept()[0].close()


if __name__ == "__main__":
    main(*sys.argv[1:])
