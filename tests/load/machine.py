"""Where and with what it is measured."""

import importlib.metadata
import platform
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psutil

from tests.load.child import ROOT
from tests.load.measured import Machine

BUSY_CORES = 0.25
"""What others may use without the figures meaning less."""

_LOOK_S = 3.0
_COMMAND_WITHIN_S = 20
_MIB = 1024**2
_PACKAGES = (
    "confluent-kafka",
    "flask",
    "gunicorn",
    "msgspec",
    "paho-mqtt",
    "pyspark",
)


def look(jars_dir: Path) -> Machine:
    """Describe this machine; before anything of ours is started, for a few seconds."""
    cpus = psutil.cpu_count() or 1
    load = psutil.cpu_percent(_LOOK_S) / 100 * cpus
    return Machine(
        cpus=cpus,
        model=_cpu_model(),
        memory_mib=psutil.virtual_memory().total // _MIB,
        kernel=platform.release(),
        versions=_versions(jars_dir),
        commit=_commit(),
        load_before=round(load, 2),
        is_busy=load > BUSY_CORES,
    )


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo").read_text()
    found = re.search(r"^model name\s*: *(.+)$", info, re.MULTILINE)
    return found[1] if found else platform.machine()


def _versions(jars_dir: Path) -> Mapping[str, str]:
    kafka = next(jars_dir.glob("kafka/kafka_2.*.jar"), None)
    return {
        "python": platform.python_version(),
        "java": _first(r'version "([^"]+)"', "java", "-version"),
        "kafka": kafka.stem.rpartition("-")[2] if kafka else "unknown",
        "mosquitto": _first(r"mosquitto version (\S+)", "mosquitto", "-h"),
        **{name: importlib.metadata.version(name) for name in _PACKAGES},
    }


def _commit() -> str:
    commit = _output("git", "rev-parse", "--short=12", "HEAD").strip() or "unknown"
    return f"{commit}+" if _output("git", "status", "--porcelain").strip() else commit


def _first(pattern: str, *command: str) -> str:
    found = re.search(pattern, _output(*command))
    return found[1] if found else "unknown"


def _output(*command: str) -> str:
    """Return what a command writes; nothing if it is not there."""
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"}
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_COMMAND_WITHIN_S,
        )
    except FileNotFoundError:
        return ""
    return done.stdout
