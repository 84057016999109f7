"""Why a command of the operator ends: one exception, since one thing is done."""


class Refused(Exception):
    """The command cannot go on; the text says why, and what helps."""


NOT_RUNNING = "EmoStream is not running: `emostream up` starts it."
