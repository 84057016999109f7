"""No log grows for ever: checked in what supervisord is told."""

import configparser
from pathlib import Path

import pytest

from compose.layout import Layout
from compose.logs import LOG_BACKUPS, LOG_MAX_BYTES
from compose.processes import Process
from compose.supervision.supervisor import render


def config() -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    web = Process(name="web", command=("web",), ready=lambda: True)
    parser.read_string(render(Layout(Path("/state")), [[web]]))
    return parser


def writers() -> list[str]:
    kinds = ("program", "eventlistener")
    return [name for name in config().sections() if name.partition(":")[0] in kinds]


@pytest.mark.parametrize("section", ["supervisord", *writers()])
def test_each_log_is_set_aside_at_its_limit(section: str) -> None:
    options = config()[section]
    logs = [name for name in options if name.endswith("logfile")]
    written = [name for name in logs if options[name] != "NONE"]

    assert written
    for name in written:
        assert options[name].startswith("/state/log/")
        assert int(options[f"{name}_maxbytes"]) == LOG_MAX_BYTES > 0
        assert int(options[f"{name}_backups"]) == LOG_BACKUPS > 0


@pytest.mark.parametrize("section", writers())
def test_nothing_that_is_written_goes_elsewhere(section: str) -> None:
    """Where no file is named, supervisord makes one in the system's folder for them."""
    options = config()[section]

    assert "stdout_logfile" in options
    assert "stderr_logfile" in options or options["redirect_stderr"] == "true"
