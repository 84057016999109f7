"""The command's first moment, in a process of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

_RUN = "import sys; from compose.entry import main; main()"
_ENDS_WITHIN_S = 30


def run(folder: Path, library: str, *, ignored: bool = False) -> tuple[int, str, str]:
    """Run the command with a library of ours in the place of one that it loads."""
    (folder / "typer.py").write_text(library)
    before = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); {_RUN}"
    ended = subprocess.run(
        [sys.executable, "-c", before if ignored else _RUN, "--help"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])},
        capture_output=True,
        text=True,
        timeout=_ENDS_WITHIN_S,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


INTERRUPTED = "import os, signal; os.kill(os.getpid(), signal.SIGINT)\n"


def test_ctrl_c_ends_a_command_that_is_still_loading_without_a_trace(
    tmp_path: Path,
) -> None:
    assert run(tmp_path, INTERRUPTED) == (-signal.SIGINT, "", "")


def test_who_has_ctrl_c_ignored_is_not_ended_by_it(tmp_path: Path) -> None:
    code, _, _ = run(tmp_path, f"{INTERRUPTED}raise SystemExit(7)\n", ignored=True)

    assert code == 7


def test_a_command_that_has_loaded_sees_to_ctrl_c_itself() -> None:
    program = (
        "import signal; from compose import entry, __main__ as command;"
        " command.main = lambda: print("
        "signal.getsignal(signal.SIGINT) is signal.default_int_handler);"
        " entry.main()"
    )
    said = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=_ENDS_WITHIN_S,
        check=True,
    ).stdout

    assert said == "True\n"
