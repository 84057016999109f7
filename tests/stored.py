"""What a sink returns of a batch whose outcome is known."""

from concurrent.futures import Future


def outcome(problem: Exception | None = None) -> "Future[None]":
    """Return what is done: stored, or not for that reason."""
    stored: Future[None] = Future()
    if problem is None:
        stored.set_result(None)
    else:
        stored.set_exception(problem)
    return stored
