"""
From an address to a connection that may be trusted: greeting, password, database, and whether writes are accepted.

The counterpart of `wire`, which knows only bytes. A Redis that can be read but refuses every write
is no source of Sidekiq's state: beats can't be recorded, so all processes would seem to fall silent.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from watchdog.sidekiq.address import Address
from watchdog.sidekiq.failures import ServerError, SourceUnavailableError, from_reply, unavailable
from watchdog.sidekiq.wire import ANSWER_WITHIN, Command, Reply, Wire, open_wire

CLIENT_NAME: Final = "sidekiq-watchdog"
_FATAL_GREETINGS: Final = frozenset(
    {"noauth", "wrongpass", "loading", "misconf", "masterdown", "denied", "maxclients", "busy", "cluster", "reset", "protocol"}
)


async def connect(address: Address, on_push: Callable[[list[Reply]], None], *, answer_within: float = ANSWER_WITHIN) -> Wire:
    """
    A connection that has been greeted with `HELLO 3`, or, where the server or its rights do not know that, without.

    Raises `SourceUnavailableError`. Without `HELLO 3` nothing is ever pushed, and `CLIENT TRACKING` is refused.
    """
    wire = await open_wire(address, on_push, answer_within=answer_within)
    try:
        await _greet(wire, address)
    except (SourceUnavailableError, asyncio.CancelledError):
        wire.close()
        raise
    return wire


async def _greet(wire: Wire, address: Address) -> None:
    (greeting,) = await wire.ask([_hello(address)])
    if isinstance(greeting, ServerError):
        failure = from_reply(greeting, address.where)
        if failure.code in _FATAL_GREETINGS:
            raise failure
        await _sign_in(wire, address)
    elif isinstance(greeting, dict):
        wire.speaks_resp3 = True
    else:
        raise unavailable("protocol", address.where)
    if address.db:
        demand(await wire.ask([("SELECT", address.db)]), address.where)
    # Only a courtesy to whoever reads CLIENT LIST; its refusal means nothing.
    await wire.ask([("CLIENT", "SETNAME", CLIENT_NAME)])


def _hello(address: Address) -> Command:
    if not address.password:
        return ("HELLO", 3)
    return ("HELLO", 3, "AUTH", address.user or "default", address.password)


async def _sign_in(wire: Wire, address: Address) -> None:
    # Redis before 6, or a user without the right to say HELLO.
    if address.password:
        names = (address.user,) if address.user else ()
        demand(await wire.ask([("AUTH", *names, address.password)]), address.where)
    demand(await wire.ask([("PING",)]), address.where)


def demand(replies: list[Reply], where: str) -> list[Reply]:
    """The replies, if none of them is an error; else raises what the first error means for the source."""
    for reply in replies:
        if isinstance(reply, ServerError):
            raise from_reply(reply, where)
    return replies
