"""supervisord: its configuration, and starting it.

It starts nothing by itself but `compose.supervision.reviver`: `compose.starter`
starts the rest, in order of need, and the reviver starts again what ends after that.
"""

import os
import resource
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from compose.layout import Layout
from compose.logs import LOG_BACKUPS, LOG_MAX_BYTES
from compose.processes import Process
from compose.supervision.orphans import SUPERVISOR_MODULE
from compose.supervision.rpc import REVIVER, NoSupervisor

_FILES_WANTED = 65_536
"""Open files that a broker with many viewers may need."""

_REVIVER_RETRIES = 1_000_000
"""As good as for ever: without it nothing else would be started again."""

_REVIVER_EVENTS = (
    "PROCESS_STATE_EXITED",
    "PROCESS_STATE_FATAL",
    "SUPERVISOR_STATE_CHANGE_STOPPING",
)


def render(layout: Layout, layers: Sequence[Sequence[Process]]) -> str:
    """Return supervisord's configuration.

    Each process is a group of its own, so that it can come and go while the others
    run. Its priority is its place in the order of need: `compose.supervision.stopping`
    goes by it, and so does a supervisord that is told to end by a signal.
    """
    sections = [_daemon(layout), _reviver(layout)]
    for index, layer in enumerate(layers):
        sections += [_program(layout, process, index) for process in layer]
    return "\n".join(sections)


def launch(layout: Layout, config: Path, environment: Mapping[str, str]) -> None:
    """Start supervisord as a daemon.

    Args:
        layout: Where it works; relative paths of its children start there.
        config: What `render` returned, as a file.
        environment: All variables that it and its children get.

    Raises:
        NoSupervisor: If it refuses to start; says why.
    """
    done = subprocess.run(
        [sys.executable, "-m", SUPERVISOR_MODULE, "-c", str(config)],
        env=dict(environment),
        cwd=layout.run,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise NoSupervisor(f"supervisord does not start:\n{done.stdout.strip()}")


def _daemon(layout: Layout) -> str:
    _, files_allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files_allowed == resource.RLIM_INFINITY:
        files_allowed = _FILES_WANTED
    # Said aloud, or supervisord warns that it runs as root.
    owner = "user=root\n" if os.geteuid() == 0 else ""
    return f"""\
[supervisord]
logfile={_literal(layout.log_of("supervisord"))}
logfile_maxbytes={LOG_MAX_BYTES}
logfile_backups={LOG_BACKUPS}
pidfile={_literal(layout.run / "supervisord.pid")}
directory={_literal(layout.run)}
umask=077
minfds={min(_FILES_WANTED, files_allowed)}
{owner}
[unix_http_server]
file={_literal(layout.socket)}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""


def _reviver(layout: Layout) -> str:
    # Its output is its talk with supervisord. Its priority is the lowest: where
    # supervisord is told to end, its turn comes last, and it has ended by itself.
    command = [sys.executable, "-m", "compose.supervision.reviver", str(layout.root)]
    return f"""\
[eventlistener:{REVIVER}]
command={_literal(shlex.join(command))}
events={",".join(_REVIVER_EVENTS)}
buffer_size=1000
priority=-1
directory={_literal(layout.run)}
autostart=true
autorestart=true
startsecs=1
startretries={_REVIVER_RETRIES}
stopwaitsecs=2
stdout_logfile=NONE
stderr_logfile={_literal(layout.log_of(REVIVER))}
stderr_logfile_maxbytes={LOG_MAX_BYTES}
stderr_logfile_backups={LOG_BACKUPS}
"""


def _program(layout: Layout, process: Process, priority: int) -> str:
    # Every end is EXITED, with its status, and starts nothing: with `startsecs`
    # above 0 a quick one would count as a start that failed.
    return f"""\
[program:{process.name}]
command={_literal(shlex.join(_with_environment(process)))}
priority={priority}
directory={_literal(layout.run)}
autostart=false
autorestart=false
startsecs=0
startretries=0
stopsignal=TERM
stopwaitsecs={process.stop_within_s}
stopasgroup=false
killasgroup=true
redirect_stderr=true
stdout_logfile={_literal(layout.log_of(process.name))}
stdout_logfile_maxbytes={LOG_MAX_BYTES}
stdout_logfile_backups={LOG_BACKUPS}
"""


def _with_environment(process: Process) -> list[str]:
    """Put the process' own variables before its command.

    Not every value can be written in supervisor's own syntax for them.
    """
    variables = [f"{name}={value}" for name, value in process.environment.items()]
    return ["env", *variables, *process.command] if variables else [*process.command]


def _literal(value: str | Path) -> str:
    """Write a value that supervisor reads back unchanged: it expands `%(…)s`."""
    return str(value).replace("%", "%%")
