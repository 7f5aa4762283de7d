"""What has to be known of a Redis, asked once over one connection as the agent makes it."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from watchdog.clock import Clock
from watchdog.rulefile.redis_settings import RedisSettings
from watchdog.sidekiq.address import Address, AddressError, Sentinels, parse
from watchdog.sidekiq.broken import Tally
from watchdog.sidekiq.decode import name
from watchdog.sidekiq.edit.agents import Present, see
from watchdog.sidekiq.failures import ServerError, SourceUnavailableError, from_reply
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.place import Place, place_of
from watchdog.sidekiq.probe import read_left
from watchdog.sidekiq.reading import ProcessReader, Reading
from watchdog.sidekiq.replies import seconds
from watchdog.sidekiq.rights import may_not_read, may_not_write
from watchdog.sidekiq.scanning import names_in
from watchdog.sidekiq.sentinel import Election
from watchdog.sidekiq.serverinfo import ASK_SAVING, parse_info, readings, save_stops_writes
from watchdog.sidekiq.tracking import switch_off, switch_on
from watchdog.sidekiq.wire import ANSWER_WITHIN, Reply, Wire

MOST: Final = 1_000
"""Processes that are read."""
_PAGES: Final = 20
"""Of a thousand keys each that are looked through for another namespace, where nothing is under the one of the config."""
_PROCESSES: Final = b":processes"


class Server(msgspec.Struct, kw_only=True):
    """
    One Redis, as far as its user may know. `info` is that of INFO, `slots` the readings of it; `ahead` how far its clock is before ours, in milliseconds, None where it is not told.

    `unread` and `unwritten` are rights that are lacking, None where that can't be known; `untracked` is why it does not tell what changes, empty where it does. `saves` says whether it
    saves at all, `stops` whether a failed save stops writes. `processes` are None where they may not be read, and each was read at a moment of Redis' own clock; `elsewhere` are other namespaces in which processes are. `probes` is identity → errors of its probe.
    """

    where: str
    info: dict[str, str]
    slots: dict[str, Any]
    ahead: int | None = None
    unread: list[str] = []
    unwritten: list[str] | None = None
    untracked: str = ""
    saves: bool = True
    stops: bool = True
    processes: list[Reading] | None = None
    agents: tuple[Present, ...] = ()
    elsewhere: list[str] = []
    probes: dict[str, int] = {}


async def ask_server(settings: RedisSettings, *, writing: bool) -> Server:
    """All of it; `writing` asks for the rights of moving jobs, too. Raises `SourceUnavailableError`, and `AddressError` for an address that can't be understood."""
    place = Place(place_of(settings))
    wire = await place.connect(_ignore, answer_within=ANSWER_WITHIN)
    try:
        return await _ask(wire, settings, writing=writing)
    finally:
        wire.close()


async def _ask(wire: Wire, settings: RedisSettings, *, writing: bool) -> Server:
    keys = Keys(settings.namespace, settings.scheduler_prefix)
    before = time.time()
    info, now, *saving = await wire.ask([("INFO",), ("TIME",), *ASK_SAVING])
    ahead = None if isinstance(now, ServerError) else seconds(now, wire.where) - (before + time.time()) / 2
    known = parse_info(info)
    server = Server(
        where=wire.where,
        info=known,
        slots=readings(known),
        ahead=None if ahead is None else round(ahead * 1000),
        stops=save_stops_writes(saving),
        saves=known.get("aof_enabled") == "1" or _has_points(saving[1]),
    )
    server.untracked = await _tracking(wire)
    server.unread = await may_not_read(wire, keys, db=_database(settings))
    server.unwritten = await may_not_write(wire, keys) if writing else None
    try:
        server.processes = await _processes(wire, keys)
        server.agents = (await see(wire.ask, keys, where=wire.where)).agents
        server.probes = await _probes(wire, keys, server.processes)
    except SourceUnavailableError as failure:
        # Which right is lacking has been found out.
        if failure.code != "noperm":
            raise
    if server.processes == []:
        server.elsewhere = await _elsewhere(wire, settings.namespace)
    return server


async def _tracking(wire: Wire) -> str:
    reason = await switch_on(wire)
    await switch_off(wire)
    return reason


async def _processes(wire: Wire, keys: Keys) -> list[Reading]:
    reader = ProcessReader(keys, Tally(Clock()), wire.where)
    found = []
    for identity in await names_in(wire.ask, keys.processes, most=MOST, where=wire.where):
        *replies, now = await wire.ask([*reader.commands(identity), ("TIME",)])
        at = time.time() if isinstance(now, ServerError) else seconds(now, wire.where)
        reading = reader.reading(identity, replies, round(at * 1000))
        if reading.beat is not None:
            found.append(reading)
    return found


async def _probes(wire: Wire, keys: Keys, processes: Sequence[Reading]) -> dict[str, int]:
    """The errors of each probe that has introduced itself; ten processes are enough to know."""
    found = {}
    for reading in processes[:10]:
        left = await read_left(wire.ask, keys, reading.identity, where=wire.where)
        if left.strength:
            found[reading.identity] = left.errors
    return found


async def _elsewhere(wire: Wire, namespace: str) -> list[str]:
    """Other namespaces with a set of processes, as far as a short look tells; a user who may not look sees none."""
    found: set[str] = set()
    cursor: Reply = b"0"
    for _ in range(_PAGES):
        (reply,) = await wire.ask([("SCAN", cursor, "MATCH", "*processes", "COUNT", 1000)])
        match reply:
            case [bytes() as cursor, [*names]]:
                found.update(key for one in names if (key := name(one)) is not None)
            case _:
                return []
        if cursor == b"0":
            break
    ending = _PROCESSES.decode()
    others = {key.removesuffix(ending) for key in found if key.endswith(ending)} | ({""} if "processes" in found else set())
    return sorted(others - {namespace})


def _has_points(reply: Reply) -> bool:
    """Whether it saves by itself; true where that is not told."""
    match reply:
        case dict() if reply:
            return bool(next(iter(reply.values())))
        case [_, bytes() as value]:
            return bool(value)
        case _:
            return True


def _database(settings: RedisSettings) -> int:
    at = place_of(settings)
    return (parse(at) if isinstance(at, str) else at.master).db


async def ask_each_sentinel(settings: RedisSettings) -> dict[str, str]:
    """Each by its address: why it can't name the master, empty where it can."""
    at = place_of(settings)
    if not isinstance(at, Sentinels):
        return {}
    said = await asyncio.gather(*(_ask_sentinel(at, one) for one in at.at))
    return {one.where: why for one, why in zip(at.at, said, strict=True)}


async def _ask_sentinel(of: Sentinels, one: Address) -> str:
    election = Election(Sentinels(name=of.name, at=(one,), master=of.master))
    try:
        await election.master()
    except SourceUnavailableError as failure:
        return f"{one.where} does not answer" if failure.code == "sentinels" else failure.message
    finally:
        election.close()
    return ""


async def is_reached(settings: RedisSettings) -> str:
    """Why not, or empty."""
    try:
        wire = await Place(place_of(settings)).connect(_ignore, answer_within=ANSWER_WITHIN)
    except (AddressError, SourceUnavailableError) as failure:
        return str(failure)
    try:
        (reply,) = await wire.ask([("PING",)])
    except SourceUnavailableError as failure:
        return failure.message
    finally:
        wire.close()
    return from_reply(reply, wire.where).message if isinstance(reply, ServerError) and not str(reply).startswith("NOPERM") else ""


def _ignore(_message: list[Reply]) -> None:
    """Nothing that is pushed meanwhile is of interest."""
