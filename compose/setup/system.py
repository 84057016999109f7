"""The programs of the system that EmoStream runs on, and where Debian has them."""

import enum
import importlib
import importlib.util
import os
import re
import shlex
import shutil
import sys
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from compose.setup.steps import CommandFailed, SetupFailed, run, say, step

JAVA_MIN = 17

_EMOJI_FONT = "fonts-noto-color-emoji"

SBIN = ("/usr/local/sbin", "/usr/sbin", "/opt/homebrew/sbin")
"""Where a server may lie that is not on an ordinary user's PATH."""


class Purpose(enum.Enum):
    """What something of the system is needed for."""

    PYTHON = enum.auto()
    """To make the Python environment."""

    FETCHING = enum.auto()
    """To fetch the jars."""

    RUNNING = enum.auto()
    """To run EmoStream."""

    TRYING = enum.auto()
    """To try it with the commands that `up` prints."""

    TESTING = enum.auto()
    """To test its pages as people see them; nothing else needs a browser."""

    COMPARING = enum.auto()
    """To compare with it in the benchmarks; nothing else needs it."""


@dataclass(frozen=True, slots=True)
class Need:
    """Something the system has to have."""

    what: str
    purpose: Purpose
    packages: tuple[str, ...]
    """Debian's packages that bring it; the first that this Debian knows is taken."""

    met: Callable[[], bool]


def find_program(name: str) -> str | None:
    """Return the path of a program, on the PATH or where servers lie."""
    places = [*os.environ.get("PATH", os.defpath).split(os.pathsep), *SBIN]
    return shutil.which(name, path=os.pathsep.join(places))


def needs() -> list[Need]:
    """List what has to be there before anything of ours can run."""
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    java = ("openjdk-17-jre-headless", "openjdk-21-jre-headless")
    return [
        Need("Python's venv", Purpose.PYTHON, (f"{python}-venv",), _has_venv),
        # Gunicorn's HTTP parser is in C, and not everywhere there is a wheel of it.
        Need("a C compiler", Purpose.PYTHON, ("gcc",), _has_compiler),
        Need("Python's headers", Purpose.PYTHON, (f"{python}-dev",), _has_headers),
        _program("Maven", Purpose.FETCHING, "mvn", package="maven"),
        Need(f"Java {JAVA_MIN} or newer", Purpose.RUNNING, java, _has_java),
        _program("Mosquitto", Purpose.RUNNING, "mosquitto", package="mosquitto"),
        _program(
            "Mosquitto's clients",
            Purpose.TRYING,
            "mosquitto_sub",
            package="mosquitto-clients",
        ),
        _program("curl", Purpose.TRYING, "curl", package="curl"),
        _program("Chromium", Purpose.TESTING, "chromium", package="chromium"),
        Need("an emoji font", Purpose.TESTING, (_EMOJI_FONT,), _has_emoji_font),
    ]


def _program(what: str, purpose: Purpose, name: str, *, package: str) -> Need:
    return Need(what, purpose, (package,), lambda: find_program(name) is not None)


def java_major(banner: str) -> int | None:
    """Read the major version from what `java -version` writes."""
    match = re.search(r'version "(\d+)(?:\.(\d+))?', banner)
    if not match:
        return None
    first, second = int(match[1]), match[2]
    return int(second) if first == 1 and second else first  # "1.8" is Java 8


def ensure(wanted: Sequence[Need]) -> None:
    """Install what is missing, where this user may.

    Raises:
        SetupFailed: If something is missing that cannot be installed here; the
            text says what, and the one command that helps.
    """
    missing = [need for need in wanted if not need.met()]
    if not missing:
        return
    rights = root_rights()
    if not shutil.which("apt-get") or rights is None:
        packages = [_choose(need) for need in missing]
        raise SetupFailed(advice(missing, packages, apt=shutil.which("apt-get")))
    _install(missing, rights)
    importlib.invalidate_caches()  # venv may be there only now
    still = [need for need in missing if not need.met()]
    if still:
        raise SetupFailed(_unhelped(still))


def advice(missing: Sequence[Need], packages: Sequence[str], *, apt: str | None) -> str:
    """Say what is missing and how a person brings it in."""
    lines = ["Missing on this system: " + ", ".join(need.what for need in missing)]
    if apt:
        install = install_command(packages)
        inner = f"apt-get update && {shlex.join(install)}"
        become = "sudo sh -c" if shutil.which("sudo") else "su -c"
        lines += ["Run this, then `make setup` again:", f"  {become} '{inner}'"]
    else:
        lines += ["Install these with your system's packages, then `make setup` again."]
    return "\n".join(lines)


def install_command(packages: Sequence[str]) -> list[str]:
    """Spell the apt-get call that asks nothing and brings nothing needless."""
    wait = "DPkg::Lock::Timeout=120"  # another update may be at work
    options = ["--yes", "--no-install-recommends", "-o", wait]
    return ["apt-get", "install", *options, *packages]


def _has_venv() -> bool:
    # Debian has venv without ensurepip until its python3-venv is installed.
    return all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))


def _has_compiler() -> bool:
    return find_program((sysconfig.get_config_var("CC") or "cc").split()[0]) is not None


def _has_emoji_font() -> bool:
    try:
        return bool(run(["fc-list", ":lang=und-zsye", "family"]).strip())
    except CommandFailed:
        return False


def _has_headers() -> bool:
    return Path(sysconfig.get_path("include"), "Python.h").exists()


def javas() -> list[str]:
    """Return every Java that a part would start."""
    # Kafka is started with the PATH's, Spark and Maven with JAVA_HOME's if set.
    home = os.environ.get("JAVA_HOME")
    return ["java", *([str(Path(home, "bin", "java"))] if home else [])]


def _has_java() -> bool:
    return all(_java_is_new(java) for java in javas())


def _java_is_new(java: str) -> bool:
    try:
        major = java_major(run([java, "-version"]))
    except CommandFailed:
        return False
    return major is not None and major >= JAVA_MIN


def root_rights() -> list[str] | None:
    """Return what to put before a command to run it as root; None: cannot."""
    if os.geteuid() == 0:
        return []
    try:
        run(["sudo", "-n", "true"])
    except CommandFailed:
        return None
    return ["sudo", "-n"]


def _install(missing: Sequence[Need], rights: Sequence[str]) -> None:
    root = [*rights, "env", "DEBIAN_FRONTEND=noninteractive"]
    try:
        with step("System: apt-get update"):
            run([*root, "apt-get", "update"])
        packages = [_choose(need) for need in missing]
        with step("System: " + ", ".join(packages)):
            run([*root, *install_command(packages)])
    except CommandFailed as error:
        raise SetupFailed(
            f"apt-get could not install what is missing:\n{error.tail()}"
        ) from error
    if "mosquitto" in packages and Path("/run/systemd/system").is_dir():
        say(
            "  Debian's mosquitto package has started a broker of its own on port"
            " 1883.\n  EmoStream neither uses nor touches it; to be rid of it:"
            " systemctl disable --now mosquitto"
        )


def _choose(need: Need) -> str:
    """Return the first package for `need` that this Debian has."""
    for package in need.packages:
        try:
            run(["apt-cache", "show", package])
        except CommandFailed:
            continue
        return package
    return need.packages[0]


def _unhelped(still: Sequence[Need]) -> str:
    lines = ["Installed, and still missing: " + ", ".join(need.what for need in still)]
    lines += [
        "Probably another one comes first:",
        f"  Python is {sys.executable} (choose another: make setup PYTHON3=...)",
        f"  java is {shutil.which('java')}",
        f"  JAVA_HOME is {os.environ.get('JAVA_HOME') or 'not set'}",
    ]
    return "\n".join(lines)
