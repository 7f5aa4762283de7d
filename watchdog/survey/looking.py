"""One look into a Redis, as the agent would connect to it: what serves there, and which processes of Sidekiq beat in it. Reads only, and little."""

from typing import Any, Final

import msgspec

from watchdog.rulefile.redis_settings import RedisSettings
from watchdog.sidekiq.address import AddressError
from watchdog.sidekiq.decode import Info, count, decode_info
from watchdog.sidekiq.failures import ServerError, SourceUnavailableError
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.place import Place, place_of
from watchdog.sidekiq.scanning import names_in
from watchdog.sidekiq.serverinfo import parse_info
from watchdog.sidekiq.wire import Wire

_WITHIN: Final = 3.0
_MOST: Final = 1_000


class Beating(msgspec.Struct, frozen=True):
    """A process of Sidekiq that has beaten within the last minute."""

    identity: str
    info: Info


class Seen(msgspec.Struct, frozen=True):
    """
    What a Redis showed.

    `version` and `role` as INFO has them; `queues` that were ever used. `namespace` is the one under which Sidekiq's keys are, None where there are none at all. `stray`: of
    that many processes the last beat is too long ago.
    """

    version: str
    role: str
    namespace: str | None
    processes: tuple[Beating, ...] = ()
    stray: int = 0
    queues: tuple[str, ...] = ()


async def look(redis: RedisSettings) -> Seen | str:
    """What is there, or a sentence why it can't be seen; no sentence holds a secret."""
    try:
        place = Place(place_of(redis))
        wire = await place.connect(lambda _: None, answer_within=_WITHIN)
    except (AddressError, SourceUnavailableError) as error:
        return str(error)
    try:
        return await _look(wire, redis.namespace)
    except SourceUnavailableError as error:
        return str(error)
    finally:
        wire.close()


async def _look(wire: Wire, namespace: str) -> Seen:
    (info,) = await wire.ask([("INFO",)])
    # A user without the right to INFO may still read all that counts.
    facts = {} if isinstance(info, ServerError) else parse_info(info)
    # Mastodon 4.4 and later pays no heed to REDIS_NAMESPACE, though it may still be set.
    for one in dict.fromkeys((namespace, "")):
        keys = Keys(one)
        identities, queues = [await names_in(wire.ask, key, most=_MOST, where=wire.where) for key in (keys.processes, keys.queues)]
        if identities or queues:
            return await _read(wire, keys, facts, identities, queues)
    return Seen(facts.get("redis_version", ""), facts.get("role", ""), None)


async def _read(wire: Wire, keys: Keys, facts: dict[str, str], identities: list[str], queues: list[str]) -> Seen:
    told: list[Any] = await wire.ask([("HMGET", keys.identity(one), "info", "concurrency") for one in identities]) if identities else []
    beating = [beat for identity, raw in zip(identities, told, strict=True) if (beat := _beating(identity, raw)) is not None]
    return Seen(
        facts.get("redis_version", ""),
        facts.get("role", ""),
        keys.namespace,
        tuple(beating),
        sum(raw == [None, None] for raw in told),
        tuple(queues),
    )


def _beating(identity: str, raw: object) -> Beating | None:
    match raw:
        case [bytes() as told, threads]:
            info = decode_info(identity, told)
            if isinstance(info, Info):
                # From 8.1.2 on the number of threads is a field of its own.
                return Beating(identity, msgspec.structs.replace(info, threads=info.threads or count(threads)))
    return None
