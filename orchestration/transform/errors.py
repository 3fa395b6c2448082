"""Which failures go away by themselves."""

from __future__ import annotations

_PASSING = (
    "could not set lock on file",
    "conflicting lock is held",
    "resource temporarily unavailable",
    "input/output error",
)


def is_passing_trouble(message: str) -> bool:
    """True for a lock held by another process or a failing disk, which are worth another try.

    A failed test or a wrong model is never worth one: it fails again and hides the reason.
    """
    text = message.lower()
    return any(sign in text for sign in _PASSING)
