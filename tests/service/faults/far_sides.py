"""
Who is told, seen from the far side: servers that keep all that has arrived there, in order, and what it bore.

The receiver and the middle know nothing of them, and they know nothing of the outbox: what was delivered, in which order and how often is counted here. One file a type of receiver.
"""

import re
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, NamedTuple, Protocol, Self

from tests.service.faults.rude import Speech

TOKEN: Final = re.compile(r"\bT\d{5}\b")
"""What the title of every notice of these tests holds: its number, by which it is known again wherever it is shown."""

_MISSED: Final = re.compile(r"([\d,]+) messages? could not be sent in time")


def token(number: int) -> str:
    """The number of a notice, as titles hold it."""
    return f"T{number:05}"


class Seen(NamedTuple):
    """
    Something that has arrived. `key` is the id by which the protocol knows it again, and so is the same where it comes twice; `place` what it is shown in: a message that is changed keeps
    its place, and what is new has one of its own. `at` is when, by the clock of the test; `missed` is how many turns it says that it does not tell. What stands beside the message, in its `thread`, comes
    after it and goes back to what it had no room for.
    """

    key: str
    place: str
    text: str
    at: int
    missed: int = 0
    in_thread: bool = False

    @property
    def tokens(self) -> list[str]:
        """The notices in it, as they are read."""
        return TOKEN.findall(self.text)


class FarSide(Protocol):
    """A server, and who reads there: a context, up for as long as it is entered."""

    name: str
    """The type of the receiver."""
    speech: Speech
    port: int
    is_program: bool
    """No person reads there, but a program that wants each alert."""
    never_twice: bool
    """The protocol can tell what it has had before, so that nobody ever sees it twice."""
    counts_missed: bool
    """Who reads there is told how many turns he is not told of."""

    def settings(self, port: int, *, tls: bool, timeout: str) -> dict[str, Any]:
        """The receiver in the config, with a middle that listens on that port."""

    async def seen(self) -> Sequence[Seen]:
        """All that has arrived, in order."""

    async def harmful(self) -> Sequence[str]:
        """What of it, read as its reader's program reads it, does more than be read; each with the reason."""

    async def __aenter__(self) -> Self:
        """It is up."""

    async def __aexit__(self, cls: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """It is gone."""


def missed_in(text: str) -> int:
    """How many turns a message says that it does not tell."""
    found = _MISSED.search(text)
    return int(found[1].replace(",", "")) if found else 0


def doubled(seen: Sequence[Seen]) -> int:
    """How many have come that had come before."""
    return sum(count - 1 for count in Counter(one.key for one in seen).values())
