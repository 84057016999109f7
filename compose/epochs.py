"""What `up` says of an epoch that the stream has begun meanwhile."""

import datetime as dt

from stream.epoch import Epoch


def told(before: Epoch | None, after: Epoch | None) -> str | None:
    """Say which epoch has begun, since when and why; None if none has.

    The very first is not worth a word: there is nothing that could go on.

    Args:
        before: What lay beside the checkpoint when `up` began.
        after: What lies there once the stream is ready.
    """
    if after is None or (before is not None and before.name == after.name):
        return None
    if before is None and after.cut is None:
        return None
    since = dt.datetime.fromtimestamp(after.since_ms / 1000, dt.UTC)
    return (
        f"The stream has begun a new epoch, {after.name}: {after.reason}."
        f" It counts from {since:%Y-%m-%d %H:%M} UTC on; a window of that minute may"
        " show a part only. Totals go on exactly."
    )
