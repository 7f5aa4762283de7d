"""
Which commands the agent uses, and which of them its user may not.

The counterpart of packaging/redis.acl, which gives just these rights; a test proves that both name the same. Reading is tried by doing it, with a key that is not
there. Writing is never tried: a script asks Redis itself, under the rights of whoever runs it (`redis.acl_check_cmd`, Redis 7 and later).
"""

from collections.abc import Mapping
from typing import Final

from watchdog.sidekiq.failures import ServerError
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.wire import Command, Reply, Wire

_KEY: Final = b"sidekiq-watchdog:doctor"
_K: Final = "\0key"
"""Stands for a key under the namespace that nothing ever writes."""
READING: Final[dict[str, Command]] = {
    "select": ("SELECT", "\0db"),
    "client|setname": ("CLIENT", "SETNAME", "sidekiq-watchdog"),
    "client|tracking": ("CLIENT", "TRACKING", "OFF"),
    "client|caching": ("CLIENT", "CACHING", "YES"),
    "client|trackinginfo": ("CLIENT", "TRACKINGINFO"),
    "info": ("INFO", "server"),
    "config|get": ("CONFIG", "GET", "save"),
    "role": ("ROLE",),
    "time": ("TIME",),
    "get": ("GET", _K),
    "hget": ("HGET", _K, "f"),
    "hgetall": ("HGETALL", _K),
    "hmget": ("HMGET", _K, "f"),
    "hscan": ("HSCAN", _K, 0),
    "lindex": ("LINDEX", _K, 0),
    "lrange": ("LRANGE", _K, 0, 0),
    "llen": ("LLEN", _K),
    "pttl": ("PTTL", _K),
    "sismember": ("SISMEMBER", _K, "m"),
    "sscan": ("SSCAN", _K, 0),
    "zcard": ("ZCARD", _K),
    "zrange": ("ZRANGE", _K, 0, 0),
    "zrangebyscore": ("ZRANGEBYSCORE", _K, 0, 0, "LIMIT", 0, 1),
}
"""Right, as ACL SETUSER takes it → a command that needs it and changes nothing but this connection."""
DELIVERIES: Final[dict[str, Command]] = {
    "scan": ("SCAN", 0, "MATCH", _K),
    "sscan": READING["sscan"],
    "hmget": READING["hmget"],
    "hget": READING["hget"],
    "zcard": READING["zcard"],
    "zrange": READING["zrange"],
    "llen": READING["llen"],
    "lindex": READING["lindex"],
}
"""The same of what it takes to find Mastodon's records of deliveries that fail (`mastodon.deliveries`), in whichever Redis they are."""
WRITING: Final[dict[str, Command]] = {
    "scard": ("SCARD", _K),
    "smembers": ("SMEMBERS", _K),
    "hlen": ("HLEN", _K),
    "hvals": ("HVALS", _K),
    "zcount": ("ZCOUNT", _K, 0, 0),
    "zscore": ("ZSCORE", _K, "m"),
    "lpos": ("LPOS", _K, "m"),
    "hdel": ("HDEL", _K, "f"),
    "hsetnx": ("HSETNX", _K, "f", "v"),
    "expire": ("EXPIRE", _K, 1),
    "sadd": ("SADD", _K, "m"),
    "rpush": ("RPUSH", _K, "m"),
    "zadd": ("ZADD", _K, 0, "m"),
    "set": ("SET", _K, "v"),
    "unlink": ("UNLINK", _K),
    "lrem": ("LREM", _K, 1, "m"),
    "zrem": ("ZREM", _K, "m"),
    "hexists": ("HEXISTS", _K, "f"),
    "hkeys": ("HKEYS", _K),
    "zscan": ("ZSCAN", _K, 0),
    "srem": ("SREM", _K, "m"),
    "incr": ("INCR", _K),
}
"""The same of what moving jobs takes besides; none of these is ever sent, but for Redis to say whether it might be."""
SCRIPTS: Final = ("evalsha", "script|load")
"""What it takes to ask that, and to move a job."""
_ASK: Final = """\
local may = redis.acl_check_cmd
if not may then return false end
local refused = {}
for _, packed in ipairs(ARGV) do
  local words = cjson.decode(packed)
  for i, word in ipairs(words) do if word == '\\0key' then words[i] = KEYS[1] end end
  if not may(unpack(words)) then refused[#refused + 1] = words[1] end
end
return refused
"""


async def may_not_read(wire: Wire, keys: Keys, *, db: int) -> list[str]:
    """The rights of `READING` that the user of this connection lacks, in their order. Raises `SourceUnavailableError` where the connection is lost."""
    return await _refused(wire, READING, keys, db=db)


async def may_not_find_deliveries(wire: Wire, keys: Keys) -> list[str]:
    """The same of `DELIVERIES`."""
    return await _refused(wire, DELIVERIES, keys, db=0)


async def _refused(wire: Wire, rights: Mapping[str, Command], keys: Keys, *, db: int) -> list[str]:
    replies = await wire.ask([_filled(command, keys, db) for command in rights.values()])
    return [right for right, reply in zip(rights, replies, strict=True) if _is_refused(reply)]


async def may_not_write(wire: Wire, keys: Keys) -> list[str] | None:
    """The same of `SCRIPTS` and `WRITING`; None where this Redis has no way to say so (before 7). Raises `SourceUnavailableError`."""
    import orjson

    (sha,) = await wire.ask([("SCRIPT", "LOAD", _ASK)])
    if isinstance(sha, ServerError):
        # Of the two, whether it may run a script it need not own.
        (run,) = await wire.ask([("EVALSHA", "0" * 40, 0)])
        return [right for right, reply in zip(SCRIPTS, (run, sha), strict=True) if _is_refused(reply)]
    wanted = [orjson.dumps([str(word) for word in command]) for command in WRITING.values()]
    (reply,) = await wire.ask([("EVALSHA", sha, 1, _key(keys), *wanted)])
    match reply:
        case ServerError():
            return ["evalsha"] if _is_refused(reply) else None
        case list():
            refused = {bytes(name).decode().lower() for name in reply}
            return [right for right in WRITING if right in refused]
        case _:
            return None


def _is_refused(reply: Reply) -> bool:
    return isinstance(reply, ServerError) and str(reply).startswith("NOPERM")


def _filled(command: Command, keys: Keys, db: int) -> Command:
    return tuple(_key(keys) if word == _K else db if word == "\0db" else word for word in command)


def _key(keys: Keys) -> bytes:
    return keys.prefix + _KEY
