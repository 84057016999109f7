"""Where the second query keeps its place in the log: a checkpoint that can be used.

It holds offsets and nothing else, so one that is lost costs repeats and no more. It
belongs to the reaction log, not to an epoch: a new epoch does not change its place.
"""

import logging
import shutil
from pathlib import Path

import msgspec

log = logging.getLogger(__name__)


def checkpoint_in(folder: Path, topic_id: str) -> Path:
    """Return the checkpoint of a reaction log; remove what nobody can go on with.

    Args:
        folder: Holds checkpoints and nothing else.
        topic_id: Tells the log from another one that had its name.

    Raises:
        OSError: If something cannot be removed.
    """
    # In base 64, as Kafka's client writes it: a slash would be a folder.
    checkpoint = folder / topic_id.replace("/", "_")
    for other in folder.glob("*"):
        if other != checkpoint:
            shutil.rmtree(other)
    if checkpoint.exists() and not _is_readable(checkpoint):
        shutil.rmtree(checkpoint)
        log.warning("rejects: the checkpoint cannot be read; from the epoch's start on")
    return checkpoint


def _is_readable(checkpoint: Path) -> bool:
    """Tell whether Spark can go on with it: a power cut leaves files empty."""
    newest = [
        max(triggers, key=lambda path: int(path.name))
        for kind in ("offsets", "commits")
        if (triggers := [*(checkpoint / kind).glob("[0-9]*")])
    ]
    try:
        for path in (checkpoint / "metadata", *newest):
            msgspec.json.decode(path.read_text().splitlines()[-1])
    except (OSError, ValueError, IndexError):
        return False
    return True
