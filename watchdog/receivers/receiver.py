"""What a receiver is to the deliverer: something that is shown how a group stands, or says why it could not be."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, runtime_checkable

import msgspec

from watchdog.errors import WatchdogError
from watchdog.model.cards import Card
from watchdog.model.notices import Notice

Remember = Callable[[Mapping[str, str]], Awaitable[None]]
"""
Writes these lines into what is remembered of the group, durably before it returns; an empty value removes its line.

For a receiver that needs several calls for one dispatch: what has come of each is remembered at once, so that a retry begins behind it.
"""


class TryAgainError(WatchdogError):
    """
    It may not have arrived. `reason` is shown to people: no address, no secret.

    `after` is how long the receiver asks to be left alone, in milliseconds; None if it said nothing. `untouched` says that nothing can have arrived: the next attempt may
    then be put together anew. Where that is not known, the very same dispatch is sent again.
    """

    def __init__(self, reason: str, after: int | None = None, *, untouched: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after
        self.untouched = untouched


class RefusedError(TryAgainError):
    """The receiver understood and said no: it is worth trying again, in case somebody mends it, but not soon."""


class Dispatch(msgspec.Struct, frozen=True, kw_only=True):
    """
    What one group of one receiver is sent at once.

    `id` is unique and the same over retries, with the same `card` and `notices` each time. `card` is the group as it stands with these notices, `notices` are what has happened since it was shown last, oldest first; of
    many only the newest, `missed` says how many more there were. `posted` is what this receiver remembered of the group: the id of the message that shows the card, for instance. `attempts` have failed.
    """

    id: str
    group: str
    card: Card
    notices: tuple[Notice, ...]
    missed: int = 0
    posted: Mapping[str, str] = {}
    attempts: int = 0


class Receiver(Protocol):
    """
    Somebody who is told. A dispatch can come to him more than once, always with the same id.

    What else he can have, as attributes: `may_double`, which is true without it, says whether a dispatch that is sent again can be seen twice. With `paces_itself` what he remembers in the middle
    of a dispatch costs nothing of `at_most`, for he keeps his calls apart by himself. `repeat_every` are the milliseconds after which he forgets what he is not shown again.
    """

    async def send(self, dispatch: Dispatch, remember: Remember, /) -> str:
        """Returns when he has it, with what the server answered in a few words; raises `TryAgainError`. Ends within a bounded time."""

    async def close(self) -> None:
        """Lets go of connections."""


@runtime_checkable
class Inspectable(Protocol):
    """A receiver that can be asked how things stand with it, for `doctor`."""

    async def look(self) -> str:
        """
        What it finds on the other side with the settings that it has, in a few words: as whom it is signed in, what it may do there.

        Nobody is told anything by it. Raises `TryAgainError`, whose reason says what to do; ends within a bounded time.
        """
