"""`python3 -m compose.setup [python|check|test|bench]`: see `compose.setup.prepare`."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this is where an older one ends
    sys.exit(
        "EmoStream needs Python 3.11 or newer; this is Python "
        + sys.version.split()[0]
        + ". With a newer one: make setup PYTHON3=python3.12"
    )

from compose.setup.prepare import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
