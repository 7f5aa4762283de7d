"""
What people say by a receiver that listens: reactions, buttons, commands in a room.

The listener knows its protocol and who spoke; it judges nothing. What was said goes to the desk, which answers in a sentence once the engine has heard it: who may say what is decided there and nowhere else.
"""

from typing import Protocol

import msgspec


class Posted(msgspec.Struct, frozen=True):
    """A message of ours that was found again: that of `group` remembered under `name` (`card`, or `ask:` with the id of an approval)."""

    group: str
    name: str


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """
    Something was said. `id` is unique and the same where the server delivers it once more; `by` is who, by the name that only the server gives (`@ada:example.org`), never a display name. `text` is a command
    (`approve 7kq2m`, `ack 7kq2m for 2h`); `asked` UTC milliseconds as the server has them.
    """

    id: str
    by: str
    text: str
    asked: int


class Desk(Protocol):
    """Where a listener brings what it hears; made for one receiver."""

    async def about(self, ref: str, /) -> Posted | None:
        """Which of our messages the receiver remembered as `ref`."""

    async def tell(self, said: Said, /) -> str:
        """Hands it to the engine, and answers in a harmless sentence once it is committed; the same answer for what was said before."""

    async def kept(self, name: str, /) -> str:
        """What the listener has put away under that name (how far it has read); empty if nothing."""

    async def keep(self, name: str, value: str, /) -> None:
        """Puts it away durably."""


class Listener(Protocol):
    """A receiver by which people can answer."""

    async def listen(self, desk: Desk, /) -> None:
        """For ever; connects anew by itself, and says so in the log once. Raises only for a fault of its own."""
