"""A Python that lacks what the extra `server` brings."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SERVER = (
    "confluent_kafka",
    "flask",
    "gunicorn",
    "prometheus_client",
    "psutil",
    "pyspark",
    "supervisor",
)

# None in sys.modules is how Python itself says that a module cannot be had.
WITHOUT = f"import sys; sys.modules.update(dict.fromkeys({SERVER!r}));"


def python(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"{WITHOUT} {code}"],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def emostream(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return python(
        f"sys.argv = ['emostream', *{arguments!r}];"
        " from compose.__main__ import main; main()",
        **variables,
    )


@pytest.mark.parametrize(
    "module",
    [
        "clients.__main__",
        "compose.settings",
        "emostream",
        "mosquitto.topic",
        "stream.frame",
    ],
)
def test_what_a_client_needs_can_be_imported(module: str) -> None:
    done = python(f"import {module}")

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "verb",
    [
        *("tap", "watch", "join", "crowd", "ledger", "verify"),
        *("clients", "worker", "settings", "logs"),
    ],
)
def test_a_verb_that_needs_no_server_works(verb: str) -> None:
    done = emostream(verb, "--help")

    assert done.returncode == 0, done.stderr
    assert verb in done.stdout


@pytest.mark.parametrize("verb", ["up", "down", "status", "clean", "rejects"])
def test_a_verb_that_needs_a_server_says_what_to_install(
    verb: str, tmp_path: Path
) -> None:
    done = emostream(verb, EMOSTREAM_STATE_DIR=str(tmp_path))

    assert done.returncode == 1
    assert "pip install 'emostream[server]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_clients_needs_no_server_and_says_when_none_was_ever_started(
    tmp_path: Path,
) -> None:
    done = emostream("clients", "list", EMOSTREAM_STATE_DIR=str(tmp_path))

    assert done.returncode == 1
    assert done.stderr == "EmoStream is not running: `emostream up` starts it.\n"
