"""How many emoji a screen shows for how many were sent."""

PER_SHOWN = 1000


def scaled(count: int) -> int:
    """Return one for each full thousand, and at least one.

    Args:
        count: Reactions of one kind in one window; at least 1.
    """
    return max(1, count // PER_SHOWN)
