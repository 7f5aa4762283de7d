"""
Reading a set or a hash whose size nobody promised: in pages, so that no single command is long.

SSCAN gives every member that was there from the first page to the last, some perhaps twice, and HSCAN every field; what Redis holds in one piece
(up to 128 short members) comes in a single page.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

from watchdog.sidekiq.decode import name
from watchdog.sidekiq.failures import ServerError, from_reply, unavailable
from watchdog.sidekiq.wire import Command, Reply

Ask = Callable[[Sequence[Command]], Awaitable[list[Reply]]]
"""How to ask Redis: `Wire.ask`."""
PAGE: Final = 1_000
_MOST_PAGES: Final = 10_000
"""No set that is read to its end has so many: a cursor that never comes back to 0 is none of a Redis."""
_SET: Final = "SSCAN"
_HASH: Final = "HSCAN"
_PAIRS: Final = PAGE // 2


def first_page(key: bytes) -> Command:
    """The command that begins reading a set."""
    return (_SET, key, 0, "COUNT", PAGE)


def first_fields(key: bytes) -> Command:
    """The command that begins reading a hash."""
    return (_HASH, key, 0, "COUNT", _PAIRS)


async def rest(ask: Ask, key: bytes, page: Reply, *, most: int, where: str) -> set[bytes] | None:
    """
    All members, given the answer to `first_page`; at most `most` and one page.

    None if the key is no set. Raises `SourceUnavailableError`.
    """
    found: set[bytes] = set()
    async for members in _pages(ask, (_SET, key), page, count=PAGE, where=where):
        if members is None:
            return None
        found.update(members)
        if len(found) >= most:
            break
    return found


async def names_in(ask: Ask, key: bytes, *, most: int, where: str) -> list[str]:
    """The names in a set, such as those of all queues, in their order; the first `most`, and none where the key is no set. Raises `SourceUnavailableError`."""
    (page,) = await ask([first_page(key)])
    members = await rest(ask, key, page, most=most, where=where)
    return sorted(found for member in members or () if (found := name(member)) is not None)[:most]


async def rest_of_fields(ask: Ask, key: bytes, page: Reply, *, most: int, where: str) -> dict[bytes, bytes] | None:
    """
    All fields of a hash, given the answer to `first_fields`; at most `most` and one page.

    None if the key is no hash. Raises `SourceUnavailableError`.
    """
    found: dict[bytes, bytes] = {}
    async for flat in _pages(ask, (_HASH, key), page, count=_PAIRS, where=where):
        if flat is None:
            return None
        found.update(zip(flat[::2], flat[1::2], strict=False))
        if len(found) >= most:
            break
    return found


async def _pages(ask: Ask, command: Command, page: Reply, *, count: int, where: str) -> AsyncIterator[list[Reply] | None]:
    """What stands on each page; None, and no more, once the key is of another type. Raises `SourceUnavailableError` where there is no end to them."""
    for _ in range(_MOST_PAGES):
        match page:
            case ServerError() if str(page).startswith("WRONGTYPE"):
                yield None
                return
            case ServerError():
                raise from_reply(page, where)
            case [bytes() as cursor, [*items]] if all(isinstance(item, bytes) for item in items):
                yield items
            case _:
                raise unavailable("protocol", where)
        if cursor == b"0":
            return
        (page,) = await ask([(*command, cursor, "COUNT", count)])
    raise unavailable("protocol", where)
