"""One try of one check: it returns or says why not."""

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from watchdog.errors import WatchdogError

LONGEST: Final = 200
"""Characters of what another program said that are passed on."""


class Room(NamedTuple):
    """For how many more clients a server has room, and how many it takes at most."""

    free: int
    most: int


Attempt = Callable[[], Awaitable[Room | None]]
"""
Returns where all is well; raises `CheckFailedError` where it is not. It may be cancelled at any time and leaves nothing open.

What it returns is None where the server does not tell.
"""


class CheckFailedError(WatchdogError):
    """The try failed; the text is the end of the sentence "the check NAME fails: …" and holds no secret."""


def fit(text: str) -> str:
    """What another program said, for a message: its first line, shortened, without anything that a terminal would obey."""
    line = next((line for line in text.strip().splitlines() if line.strip()), "").strip()
    shown = "".join(char if char.isprintable() else "?" for char in line)
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"
