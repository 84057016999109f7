"""The doctor's look at the state folder: is it ours, and is it kept from others."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from compose.credentials import FILE, Credentials
from compose.doctor.finding import Finding, ok, wrong
from compose.layout import SOCKET_PATH_MAX, Layout
from compose.settings import Settings, variable

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def state_folder(settings: Settings) -> Iterator[Finding]:
    """Look whether the state folder can be used, or could be made."""
    layout = Layout(settings.state_dir)
    elsewhere = f"Have {variable('state_dir')} name another folder."
    problem = _problem(layout)
    if problem:
        yield wrong("state folder", f"{layout.root} {problem}.", elsewhere)
        return
    yield ok("state folder", str(layout.root))
    for folder in layout.folders:
        if folder.exists() and _is_open(folder):
            remedy = f"Keep others out: chmod 700 {folder}"
            yield wrong("state folder", f"{folder} can be read by others.", remedy)


def credentials(settings: Settings) -> Iterator[Finding]:
    """Look whether the credentials can be read, and by us only."""
    file = settings.state_dir / FILE
    if not file.exists():
        yield ok("credentials", "None yet: the first `up` makes them.")
        return
    anew = f"Have them made anew: emostream down && rm {file} && emostream up"
    try:
        Credentials.load(settings.state_dir)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        yield wrong("credentials", f"{file} cannot be read: {error}.", anew)
        return
    if _is_open(file):
        remedy = f"Keep others out: chmod 600 {file}; if somebody may have read them,"
        remedy += f" {anew[0].lower()}{anew[1:]}"
        yield wrong("credentials", f"{file} can be read by others.", remedy)
    else:
        yield ok("credentials", "There, and readable by their owner only.")


def _problem(layout: Layout) -> str | None:
    """Say why the folder cannot be used; None if it can."""
    if len(os.fsencode(layout.socket)) > SOCKET_PATH_MAX:
        return "is too long a path for a socket in it"
    if any(map(Path.exists, layout.folders)) and not layout.mark.exists():
        return "holds folders that EmoStream has not made"
    there = next(at for at in (layout.root, *layout.root.parents) if at.exists())
    if not there.is_dir():
        return f"cannot be made: {there} is no folder"
    if not os.access(there, os.W_OK | os.X_OK):
        return f"cannot be written: {there} is another user's"
    return None


def _is_open(path: Path) -> bool:
    """Tell whether anybody but the owner has any right, or it is not ours."""
    status = path.stat()
    return bool(status.st_mode & _OTHERS) or status.st_uid != os.geteuid()
