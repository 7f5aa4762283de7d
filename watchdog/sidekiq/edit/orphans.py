"""
Which of these jobs hold a lock of sidekiq-unique-jobs, and which of them stand nowhere in Redis.

The counterpart of `locks`, which gives one back. The gem's own reaper asks the same before it takes a lock away: a job in a queue, among the retries, among the scheduled jobs or in
a work hash keeps its lock (ruby_reaper.rb). It gives up at 1,000 waiting jobs; here a job that can't be looked for to the end keeps its lock, too.

Locks that are meant to outlive their job (`until_expired`) are nobody's orphans, and a job in the dead set needs none any more.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import orjson

from watchdog.sidekiq.decode import count, milliseconds
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.edit.failures import NotEditedError, refused
from watchdog.sidekiq.edit.finding import SEARCHED, jobs_of_queue, members_of_set, queues_of
from watchdog.sidekiq.edit.payload import fields_of
from watchdog.sidekiq.failures import ServerError
from watchdog.sidekiq.wire import Command, Reply

MOST_LOCKS: Final = 20_000
"""So many of the newest locks are looked at for jobs of which only the jid is known."""
_PAGE: Final = 250
_MOST_PROCESSES: Final = 200
_RUN: Final = b":RUN"
_FEW: Final = 8


class Locked(msgspec.Struct, frozen=True):
    """
    Jid → the names of the locks that it holds, without the namespace; they are made of arguments and never shown.

    `unsure` says in words why there may be more; empty where there are not.
    """

    locks: dict[str, tuple[str, ...]]
    unsure: str = ""

    def __repr__(self) -> str:
        return f"Locked({len(self.locks)} jobs, {self.unsure!r})"


async def locked_by(redis: Edits, jids: Sequence[str], known: Mapping[str, tuple[str, ...]]) -> Locked:
    """
    The locks that these jobs hold; `known` are the names that their payloads tell.

    Raises `NotEditedError` or `MaybeEditedError`; nothing is changed.
    """
    told = [(jid, name.encode()) for jid in jids for name in known.get(jid, ())]
    found = await _holders(redis, [name for _, name in told], jids)
    unknown = [jid for jid in jids if not known.get(jid)]
    unsure = ""
    if unknown:
        digests, _ = redis.keys.unique
        size = count(_checked(redis, (await redis.ask([("ZCARD", digests)]))[0])) or 0
        for start in range(0, min(size, MOST_LOCKS), _PAGE):
            (page,) = await redis.ask([("ZRANGE", digests, -start - _PAGE, -start - 1)])
            names = [_bare(redis, one) for one in _list(redis, page)]
            for jid, locks in (await _holders(redis, names, unknown)).items():
                found[jid] = tuple(dict.fromkeys((*found.get(jid, ()), *locks)))
        if size > MOST_LOCKS:
            unsure = f"of {size:,} locks the newest {MOST_LOCKS:,} were looked at"
    return Locked(found, unsure)


async def oldest_locks(redis: Edits, *, until: int, most: int) -> tuple[int, dict[str, int]]:
    """
    How many locks there are, and jid → since when it holds one, of at most so many of the oldest that stand since `until` at the latest (UTC milliseconds).

    A lock that several jobs hold at a time is left out. Raises as `locked_by` does.
    """
    digests, _ = redis.keys.unique
    commands: list[Command] = [
        ("ZCARD", digests),
        ("ZRANGE", digests, "-inf", str(until / 1000), "BYSCORE", "LIMIT", 0, most, "WITHSCORES"),
    ]
    size, page = await redis.ask(commands)
    flat = _list(redis, page)
    # In pairs by version 3 of the protocol, one after the other by version 2.
    pairs = flat if flat and isinstance(flat[0], list) else zip(flat[::2], flat[1::2], strict=True)
    since = [(_bare(redis, name), milliseconds(at) or 0) for name, at in pairs]
    held: dict[str, int] = {}
    for start in range(0, len(since), _PAGE):
        part = since[start : start + _PAGE]
        replies = await redis.ask([("HKEYS", redis.keys.prefix + name + b":LOCKED") for name, _ in part])
        for (_, at), holders in zip(part, replies, strict=True):
            if len(jids := _list(redis, holders)) == 1:
                held[jids[0].decode("utf-8", "replace")] = at
    return count(_checked(redis, size)) or 0, held


async def waiting(redis: Edits) -> int:
    """How many jobs there are in all queues, among the retries and the scheduled ones. Raises as `locked_by` does."""
    retry, schedule, _ = redis.keys.sets
    commands: list[Command] = [
        ("ZCARD", retry),
        ("ZCARD", schedule),
        *(("LLEN", redis.keys.queue(queue)) for queue in await queues_of(redis)),
    ]
    return sum(count(_checked(redis, one)) or 0 for one in await redis.ask(commands))


async def standing(redis: Edits, jids: Sequence[str], *, but: str) -> tuple[frozenset[str], str]:
    """
    Which of these jobs stand anywhere, and in words what could not be looked at to its end.

    Not looked at is the work hash of the process `but`, which is dead. It goes in the order in which jobs move: what leaves one place meanwhile is seen in the
    next. A job that was taken within the last beat stands nowhere. Raises as `locked_by` does.
    """
    wanted = {jid.encode() for jid in jids}
    found: set[str] = set()
    unsearched = []
    retry, schedule, _ = redis.keys.sets
    for key in (schedule, retry):
        async for members, _now in members_of_set(redis, key):
            found |= _named(members, wanted)
    for queue in await queues_of(redis):
        (length,) = await redis.ask([("LLEN", redis.keys.queue(queue))])
        if (count(_checked(redis, length)) or 0) > SEARCHED:
            unsearched.append(f"queue {queue} is too long to be searched")
        async for jobs in jobs_of_queue(redis, queue):
            found |= _named(jobs, wanted)
    (processes,) = await redis.ask([("SMEMBERS", redis.keys.processes)])
    identities = [one.decode("utf-8", "replace") for one in _list(redis, processes)]
    if len(identities) > _MOST_PROCESSES:
        unsearched.append(f"there are more than {_MOST_PROCESSES} processes")
    for identity in [one for one in identities if one != but][:_MOST_PROCESSES]:
        commands: list[Command] = [("HVALS", key) for key in redis.keys.work(identity)]
        for entries in await redis.ask(commands):
            found |= _named([_payload(one) for one in _list(redis, entries)], wanted)
    return frozenset(found), "; ".join(unsearched)


async def _holders(redis: Edits, names: Sequence[bytes], jids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Which of these locks are held by which of these jobs, those left out that are meant to outlive theirs."""
    found: dict[str, list[str]] = {}
    prefix, expiring = redis.keys.prefix, redis.keys.expiring_locks
    bases = list(dict.fromkeys(name.removesuffix(_RUN) for name in names))
    for start in range(0, len(bases), _PAGE):
        page = bases[start : start + _PAGE]
        commands: list[Command] = []
        for name in page:
            # Under a namespace the gem may have written the name down with it or without.
            commands += [("ZSCORE", expiring, name), ("ZSCORE", expiring, prefix + name)]
            commands += [("HMGET", prefix + name + suffix + b":LOCKED", *jids) for suffix in (b"", _RUN)]
        replies = [_checked(redis, one) for one in await redis.ask(commands)]
        for number, name in enumerate(page):
            outlives, outlives_too, *held = replies[number * 4 : number * 4 + 4]
            if outlives is not None or outlives_too is not None:
                continue
            holders = [jid for times in held for jid, at in zip(jids, _list(redis, times), strict=True) if at is not None]
            for jid in dict.fromkeys(holders):
                found.setdefault(jid, []).append(name.decode("utf-8", "replace"))
    return {jid: tuple(locks) for jid, locks in found.items()}


def _named(members: Sequence[bytes], wanted: set[bytes]) -> set[str]:
    """The jobs among these; what can't be read counts as every job whose jid stands in it."""
    found = set()
    for member in members:
        # Few are ruled out without being decoded; to look for many in each text takes longer than to decode it.
        if len(wanted) <= _FEW and not any(jid in member for jid in wanted):
            continue
        if fields := fields_of(member):
            jid = fields.get("jid")
            found |= {jid} if isinstance(jid, str) and jid.encode("utf-8", "replace") in wanted else set()
        else:
            found |= {jid.decode() for jid in wanted if jid in member}
    return found


def _payload(entry: bytes) -> bytes:
    try:
        payload = orjson.loads(entry)["payload"]
    except (ValueError, KeyError, TypeError):
        return entry
    return payload.encode() if isinstance(payload, str) else orjson.dumps(payload)


def _bare(redis: Edits, member: bytes) -> bytes:
    return member.removeprefix(redis.keys.prefix)


def _checked(redis: Edits, reply: Reply) -> Reply:
    if isinstance(reply, ServerError):
        raise refused(reply, redis.where)
    return reply


def _list(redis: Edits, reply: Reply) -> list[Any]:
    found = _checked(redis, reply)
    if isinstance(found, list):
        return found
    raise NotEditedError("protocol", f"{redis.where} does not answer as Redis does")
