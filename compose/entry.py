"""Where the command `emostream` begins: Ctrl-C also ends it while it still loads.

Loading takes a second, and much more on a busy machine. A trace of half an import would
help nobody.
"""

import signal


def main() -> None:
    """Load the command line, and run it."""
    is_usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_usual:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from compose import __main__ as command  # noqa: PLC0415 - that is what takes long

    if is_usual:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    command.main()
