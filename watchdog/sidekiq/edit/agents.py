"""
Agents that may act say to each other that they are there: a key for each host, which goes away by itself, and the set of hosts that ever had one.

Nothing is decided by it: it is for people, who see on which hosts something would be done. Whoever only watches writes nothing into Redis and is not seen, nor is whoever has no
right to write; both work all the same.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from watchdog.sidekiq.decode import name
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.edit.failures import refused
from watchdog.sidekiq.edit.fleet_lock import About, lock_key
from watchdog.sidekiq.edit.fleet_lock import read as read_lock
from watchdog.sidekiq.edit.lead import Leader, lead_key
from watchdog.sidekiq.edit.lead import read as read_lead
from watchdog.sidekiq.failures import ServerError
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.scanning import Ask, first_page, rest
from watchdog.sidekiq.wire import Command

TTL: Final = 30_000
"""Milliseconds for which an agent counts as there after it has said so; it says so each ten seconds."""
MOST: Final = 200
"""So many hosts are shown."""


class Present(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent says of itself; `since` is UTC milliseconds."""

    host: str
    version: str = ""
    mode: str = ""
    pid: int = 0
    since: int = 0


class Seen(msgspec.Struct, frozen=True):
    """The agents that are there, by host, who holds the lock of the fleet, hosts whose agent is there no more, and who leads."""

    agents: tuple[Present, ...] = ()
    lock: About | None = None
    gone: tuple[str, ...] = ()
    lead: Leader | None = None


async def announce(redis: Edits, me: Present, *, gone: Sequence[str] = ()) -> None:
    """Say that this one is there, and forget hosts that have gone. Raises `EditError`."""
    agents = _agents(redis.keys)
    commands: list[Command] = [("SET", _agent(redis.keys, me.host), msgspec.json.encode(me), "PX", TTL), ("SADD", agents, me.host)]
    if others := [host for host in gone if host != me.host]:
        commands.append(("SREM", agents, *others))
    for reply in await redis.ask(commands):
        if isinstance(reply, ServerError):
            raise refused(reply, redis.where)


async def see(ask: Ask, keys: Keys, *, where: str) -> Seen:
    """Who is there. Raises `SourceUnavailableError`; what can't be understood is passed over."""
    held, led, page = await ask([("GET", lock_key(keys)), ("GET", lead_key(keys)), first_page(_agents(keys))])
    members = await rest(ask, _agents(keys), page, most=MOST, where=where)
    hosts = sorted(host for member in members or () if (host := name(member)) is not None)[:MOST]
    replies = await ask([("GET", _agent(keys, host)) for host in hosts]) if hosts else []
    said = dict(zip(hosts, replies, strict=True))
    present = (_present(reply) for reply in said.values() if isinstance(reply, bytes))
    return Seen(
        tuple(one for one in present if one is not None),
        read_lock(held) if isinstance(held, bytes) else None,
        tuple(host for host, reply in said.items() if reply is None),
        read_lead(led) if isinstance(led, bytes) else None,
    )


def _present(text: bytes) -> Present | None:
    try:
        return msgspec.json.decode(text, type=Present)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _agents(keys: Keys) -> bytes:
    return keys.prefix + b"sidekiq-watchdog:agents"


def _agent(keys: Keys, host: str) -> bytes:
    return keys.prefix + b"sidekiq-watchdog:agent:" + host.encode()
