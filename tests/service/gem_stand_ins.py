"""
Strict stand-ins for sidekiq-scheduler 6.0 and sidekiq-unique-jobs 8.0, which no distribution packages: what they write to Redis, and nothing else.

Keys, formats and the order of writes are those of redis_manager.rb, scheduler.rb and utils.rb (6.0.2), and of orphans/manager.rb and lock.lua (8.0.13). No clock runs here: the
moment is said. What the real ones refuse or would never do is refused.
"""

import hashlib
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

import orjson
import redis.asyncio

_DAY: Final = 86_400
_WAYS: Final = ("cron", "every", "at", "in", "interval")
_OFFSETS: Final = {
    "-0500": timezone(timedelta(hours=-5)),
    "+0100": timezone(timedelta(hours=1)),
    "Z": UTC,
    "+0000": UTC,
}
"""How the zone of a process is written: `Z` where TZ is UTC, `+0000` where it is empty."""


class Refused(Exception):  # noqa: N818  (the real one logs and goes on, or raises an error of its own)
    """The real scheduler would not do this."""


class SchedulerStandIn:
    """
    The scheduler of one Sidekiq process that listens to `queues`, with `listened_queues_only: true`.

    `boot` comes first; `trigger` is the moment at which rufus comes to an entry, and is told when it will come again. After `quiet` (TSTP) nothing happens any more.
    """

    def __init__(
        self, client: redis.asyncio.Redis, *, queues: tuple[str, ...] = ("scheduler",), key_prefix: str = "", offset: str = "-0500"
    ) -> None:
        self.client = client
        self.queues = queues
        self.prefix = key_prefix if not key_prefix or key_prefix[-1] in ".:" else f"{key_prefix}:"
        self.offset = offset
        self.loaded: dict[str, dict[str, Any]] = {}
        self.triggered = 0.0
        self.stopped = False
        self._booted = False

    async def boot(self, schedule: Mapping[str, Mapping[str, Any]], next_times: Mapping[str, float]) -> None:
        """The schedule of the file replaces that in Redis; each entry whose queue is listened to is loaded, and its next time is written."""
        if self._booted:
            raise Refused("a process boots once")
        self._booted = True
        prepared = {name: {**entry, "class": entry.get("class", name)} for name, entry in schedule.items()}
        known = {name.decode() for name in await self.client.hkeys(self._key("schedules"))}
        for name, entry in prepared.items():
            written = orjson.dumps(entry)
            if await self.client.hget(self._key("schedules"), name) != written:
                await self.client.hset(self._key("schedules"), name, written)
                await self._changed(name)
        for name in known - prepared.keys():
            await self.client.hdel(self._key("schedules"), name)
            await self._changed(name)
        for name, entry in prepared.items():
            if str(entry.get("queue", "")) in self.queues:
                await self._load(name, entry, next_times)
        if unknown := next_times.keys() - self.loaded.keys():
            raise Refused(f"{unknown} would not be loaded, and so have no next time")

    async def trigger(self, name: str, now: float, following: float | None) -> bool:
        """Rufus comes to an entry, and will again at `following` (None: never again); whether the job was pushed by this process."""
        if self.stopped:
            raise Refused("a quiet process schedules nothing")
        if name not in self.loaded:
            raise Refused(f"{name!r} is not loaded")
        if now < self.triggered or (following is not None and following <= now):
            raise Refused("time does not run backwards")
        self.triggered = now
        pushed = await self._is_enabled(name) and await self._enqueue(name, now)
        # on_post_trigger: whatever became of it.
        await self.client.hset(self._key("sidekiq-scheduler:last_times"), name, self._time(now))
        if following is None:
            await self.client.hdel(self._key("sidekiq-scheduler:next_times"), name)
        else:
            await self.client.hset(self._key("sidekiq-scheduler:next_times"), name, self._time(following))
        return pushed

    async def toggle(self, name: str) -> None:
        """Somebody switched an entry on the page of the Web UI."""
        if name not in self.loaded:
            raise Refused(f"{name!r} is not loaded")
        enabled = await self._is_enabled(name)
        await self.client.hset(self._key("sidekiq-scheduler:states"), name, orjson.dumps({"enabled": not enabled}))

    def quiet(self) -> None:
        """TSTP: the scheduler of this process stops at once, and leaves everything as it is."""
        self.stopped = True

    async def _load(self, name: str, entry: Mapping[str, Any], next_times: Mapping[str, float]) -> None:
        way = next((way for way in _WAYS if entry.get(way) is not None), None)
        if way is None or not entry[way]:
            return  # "no cron / every / at / in / interval found … - skipping"
        if not isinstance(entry[way], str | list):
            raise Refused(f"{way!r} of {name!r} has no length")
        if name not in next_times:
            raise Refused(f"rufus knows the next time of {name!r} as soon as it is loaded")
        self.loaded[name] = dict(entry)
        await self.client.hset(self._key("sidekiq-scheduler:next_times"), name, self._time(next_times[name]))

    async def _enqueue(self, name: str, now: float) -> bool:
        entry, key, second = self.loaded[name], self._key(f"sidekiq-scheduler:pushed:{name}"), int(now)
        async with self.client.pipeline(transaction=False) as pipeline:
            pipeline.zadd(key, {str(second): second})
            pipeline.expire(key, _DAY)
            added, _ = await pipeline.execute()
        if not added:
            return False
        job = {"class": entry["class"], "queue": entry["queue"], "args": [], "jid": secrets.token_hex(12), "retry": True}
        async with self.client.pipeline(transaction=True) as pipeline:
            pipeline.sadd("queues", entry["queue"])
            pipeline.lpush(f"queue:{entry['queue']}", orjson.dumps({**job, "created_at": now, "enqueued_at": now}))
            await pipeline.execute()
        await self.client.zremrangebyscore(key, 0, int(time.time()) - _DAY)
        return True

    async def _is_enabled(self, name: str) -> bool:
        state = await self.client.hget(self._key("sidekiq-scheduler:states"), name)
        enabled = self.loaded[name].get("enabled", True)
        return bool(orjson.loads(state).get("enabled", enabled) if state else enabled)

    async def _changed(self, name: str) -> None:
        await self.client.zadd(self._key("schedules_changed"), {name: time.time()})

    def _key(self, name: str) -> str:
        return self.prefix + name

    def _time(self, moment: float) -> str:
        return f"{datetime.fromtimestamp(moment, _OFFSETS[self.offset]):%Y-%m-%d %H:%M:%S} {self.offset}"


class UniqueJobsStandIn:
    """
    sidekiq-unique-jobs in one Sidekiq process: its locks, and the clearing away of orphaned ones, each `interval` seconds.

    `push` is its client middleware, `start` and `end` are its server middleware. Only one process at a time clears away; `boot` says whether this one does.
    """

    def __init__(self, client: redis.asyncio.Redis, *, interval: int = 600) -> None:
        self.client = client
        self.lives = interval + int(interval * 0.02)
        self.reaps = False

    async def boot(self, now: float) -> bool:
        """Become the one that clears away, if there is none by the word of the key."""
        alive = await self.client.get("uniquejobs:reaper")
        if int(alive or 0) + self.lives > int(now):
            return False
        self.reaps = bool(await self.client.set("uniquejobs:reaper", int(now), nx=True, ex=self.lives))
        return self.reaps

    async def turn(self, now: float) -> None:
        """Clear away, and say that one is alive."""
        if not self.reaps:
            raise Refused("another process clears away")
        await self.client.set("uniquejobs:reaper", int(now), ex=self.lives)

    async def stop(self) -> None:
        """TERM: another one may take over. After SIGKILL nobody calls this."""
        if self.reaps:
            await self.client.delete("uniquejobs:reaper")
            self.reaps = False

    async def lock(self, job_class: str, args: list[Any], now: float) -> str | None:
        """A job is pushed: its jid, or None if the same job is locked already, and the push is dropped without a word."""
        pushed = await self.push(job_class, args, now)
        return None if pushed is None else orjson.loads(pushed)["jid"]

    async def push(self, job_class: str, args: list[Any], now: float, *, kind: str = "until_executed") -> bytes | None:
        """As `lock`, but gives the payload that Sidekiq then pushes; that is left to the caller. `kind` is that of the lock."""
        if kind not in ("until_executed", "until_expired", "while_executing"):
            raise Refused(f"{kind} is not stood in for")
        digest = "uniquejobs:" + hashlib.md5(orjson.dumps([job_class, "default", args])).hexdigest()
        jid = secrets.token_hex(12)
        if kind != "while_executing" and not await self._locked(digest, jid, now, expires=kind == "until_expired"):
            return None
        job = {
            "retry": True,
            "queue": "push",
            "class": job_class,
            "args": args,
            "jid": jid,
            "created_at": now,
            "lock": kind,
            "lock_digest": digest,
        }
        return orjson.dumps(job)

    async def start(self, payload: bytes, now: float) -> bool:
        """The server middleware: False if the job can't have its lock. Then it is over in no time, said to be done, and was not performed."""
        job = orjson.loads(payload)
        if job["lock"] == "while_executing":
            return await self._locked(job["lock_digest"] + ":RUN", job["jid"], now)
        return await self._locked(job["lock_digest"], job["jid"], now, expires=job["lock"] == "until_expired")

    async def end(self, payload: bytes) -> None:
        """It was performed, to its end."""
        job = orjson.loads(payload)
        if job["lock"] != "until_expired":
            await self.unlock(job["lock_digest"] + (":RUN" if job["lock"] == "while_executing" else ""))

    async def unlock(self, digest: str) -> None:
        """A job has run to its end."""
        if not await self.client.zrem("uniquejobs:digests", digest):
            raise Refused("it was not locked")
        await self._delete(digest)

    async def reap(self, now: float, *, timeout: int = 10) -> set[str]:
        """A turn of the one that clears away: which locks it took (ruby_reaper.rb). Nothing at more than 1,000 waiting jobs."""
        await self.turn(now)
        names: set[Any] = await self.client.smembers("queues")
        queues = [b"queue:" + name for name in names]
        if sum([await self.client.llen(queue) for queue in queues]) > 1_000:
            return set()
        places: list[Any] = [member for key in ("schedule", "retry") for member in await self.client.zrange(key, 0, -1)]
        places += [member for queue in queues for member in await self.client.lrange(queue, 0, -1)]
        identities: set[Any] = await self.client.smembers("processes")
        for identity in identities:
            entries = await self.client.hvals(identity + b":work")
            jobs = [orjson.loads(orjson.loads(entry)["payload"]) for entry in entries]
            if any(job["created_at"] > now - timeout - 10 for job in jobs):
                return set()  # whoever runs a job that is this young keeps every lock
            places += entries
        old: list[Any] = await self.client.zrange("uniquejobs:digests", "-inf", now - timeout - 10, byscore=True)
        taken = {digest.decode() for digest in old if not any(digest.removesuffix(b":RUN") in place for place in places)}
        for digest in taken:
            await self.unlock(digest)
        return taken

    async def _locked(self, digest: str, jid: str, now: float, *, expires: bool = False) -> bool:
        """lock.lua: whoever holds it already has it."""
        if await self.client.hexists(f"{digest}:LOCKED", jid):
            return True
        if await self.client.hlen(f"{digest}:LOCKED"):
            return False
        await self.client.set(digest, jid)
        await self.client.zadd("uniquejobs:expiring_digests" if expires else "uniquejobs:digests", {digest: now})
        await self.client.hset(f"{digest}:LOCKED", jid, str(now))
        return True

    async def _delete(self, digest: str) -> None:
        await self.client.unlink(digest, *(f"{digest}:{part}" for part in ("QUEUED", "PRIMED", "LOCKED", "INFO")))
