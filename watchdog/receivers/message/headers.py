"""A text as the value of a header of a mail: one line, and nothing that a mail program would decode into something else."""

from typing import Final

from watchdog.lang.harmless import harmless

SUBJECT: Final = 180
"""Characters of a subject: more is shown by nobody."""


def header(text: str, width: int = SUBJECT) -> str:
    """Harmless, on one line; `=?`, with which an encoded word begins, is parted."""
    return harmless(text, width).replace("=?", "= ?").replace("?=", "? =")
