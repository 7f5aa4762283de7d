"""What a receiver is to the deliverer: something that takes a notice, or says why it could not."""

from typing import Protocol

from watchdog.errors import WatchdogError
from watchdog.model.notices import Notice


class TryAgainError(WatchdogError):
    """
    The notice may not have arrived. `reason` is shown to people: no address, no secret.

    `after` is how long the receiver asks to be left alone, in milliseconds; None if it said nothing.
    """

    def __init__(self, reason: str, after: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after


class RefusedError(TryAgainError):
    """The receiver understood and said no: it is worth trying again, in case somebody mends it, but not soon."""


class Receiver(Protocol):
    """Somebody who is told. A notice can come to him more than once, always with the same id."""

    async def send(self, notice: Notice) -> None:
        """Returns when he has it; raises `TryAgainError`. Ends within a bounded time."""

    async def close(self) -> None:
        """Lets go of connections."""
