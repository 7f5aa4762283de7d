"""
What people say by a receiver that listens: reactions, buttons, commands in a room.

The listener knows its protocol and who spoke; it judges nothing. What was said goes to the desk, which answers in a sentence once the engine has heard it: who may say what is decided there and nowhere else.
"""

from typing import Final, Protocol, runtime_checkable

import msgspec

CARD: Final = "card"
"""Under which a receiver remembers the message that shows its group."""
ASK: Final = "ask:"
"""With the id of an approval: under which it remembers the message that asks, as long as somebody can answer it."""


class Posted(msgspec.Struct, frozen=True):
    """A message of ours that was found again: that of `group` remembered under `name` (`CARD`, or `ASK` with the id of an approval)."""

    group: str
    name: str


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """
    Something was said. `id` is unique and the same where the server delivers it once more; `by` is who, by the name that only the server gives (`@ada:example.org`), never a display name. `text` is a command
    (`approve 7kq2m`, `ack for 2h`), as it was written; `asked` UTC milliseconds as the server has them. `about` is the message of ours that it was said to, where it was a reaction, a button or a reply: then
    the text need not say what is meant.
    """

    id: str
    by: str
    text: str
    asked: int
    about: Posted | None = None


class Desk(Protocol):
    """Where a listener brings what it hears; made for one receiver."""

    async def about(self, ref: str, /) -> Posted | None:
        """Which of our messages the receiver remembered as `ref`."""

    async def tell(self, said: Said, /) -> str:
        """
        Hands it to the engine, and answers once it is committed, in harmless text without markup; the same answer for what was said before.

        Empty where nothing is to be said: to a stranger, or of what may be another agent's. It takes as long as the store can't be written.
        """

    async def kept(self, name: str, /) -> str:
        """What the listener has put away under that name (how far it has read); empty if nothing."""

    async def keep(self, name: str, value: str, /) -> None:
        """Puts it away durably."""


@runtime_checkable
class Listener(Protocol):
    """A receiver by which people can answer."""

    async def listen(self, desk: Desk, /) -> None:
        """For ever; connects anew by itself, and says so in the log once. Raises only for a fault of its own; then it is begun again."""


@runtime_checkable
class Troubled(Protocol):
    """A listener that knows whether it can hear anything."""

    @property
    def trouble(self) -> str:
        """What keeps it from hearing just now, in a few words; empty if nothing does."""
