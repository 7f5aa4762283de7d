"""
Reading a set whose size nobody promised: in pages, so that no single command is long.

SSCAN gives every member that was there from the first page to the last, some perhaps twice; a set that Redis holds in one piece
(up to 128 short members) comes in a single page.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from watchdog.sidekiq.failures import ServerError, from_reply, unavailable
from watchdog.sidekiq.wire import Command, Reply

Ask = Callable[[Sequence[Command]], Awaitable[list[Reply]]]
"""How to ask Redis: `Wire.ask`."""
PAGE: Final = 1_000


def first_page(key: bytes) -> Command:
    """The command that begins reading a set."""
    return ("SSCAN", key, 0, "COUNT", PAGE)


async def rest(ask: Ask, key: bytes, page: Reply, *, most: int, where: str) -> set[bytes] | None:
    """
    All members, given the answer to `first_page`; at most `most` and one page.

    None if the key is no set. Raises `SourceUnavailableError`.
    """
    found: set[bytes] = set()
    while True:
        match page:
            case ServerError() if str(page).startswith("WRONGTYPE"):
                return None
            case ServerError():
                raise from_reply(page, where)
            case [bytes() as cursor, [*members]] if all(isinstance(member, bytes) for member in members):
                found.update(members)
            case _:
                raise unavailable("protocol", where)
        if cursor == b"0" or len(found) >= most:
            return found
        (page,) = await ask([("SSCAN", key, cursor, "COUNT", PAGE)])
