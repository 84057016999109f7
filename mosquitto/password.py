"""Lines of a mosquitto password file, made without its tool."""

import base64
import hashlib

_ITERATIONS = 101
"""Mosquitto's own. Our passwords are random: there is nothing to stretch, and the
broker, which has one thread, computes it at every connect."""


def password_line(user: str, password: str, *, salt: bytes) -> str:
    """Return the line that lets `user` in with `password`.

    Args:
        user: A name without a colon.
        password: In clear; the line holds a PBKDF2-HMAC-SHA512 hash of it.
        salt: Random bytes, this user's own; mosquitto takes 12.
    """
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    fields = ("7", str(_ITERATIONS), _text(salt), _text(digest))
    return f"{user}:${'$'.join(fields)}"


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
