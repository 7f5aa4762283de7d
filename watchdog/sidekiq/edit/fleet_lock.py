"""
One lock for all agents of one Redis, and what counts their actions: taken, renewed and given back by scripts that look and write in one go.

The value of the lock is its fence: who holds it and for what, since when by the clock of Redis, and a number that only grows. Whoever shows another value does not
hold it, even where a fail-over or a flush has set the number back: then it has another time. See `fenced` for how writes are bound to it.

It lives for a minute without a renewal: so long does Sidekiq take until a process that its holder ended, and did not live to care for, counts as silent. Whoever takes the lock
after a dead agent sees what that has done. It is renewed each ten seconds, and before each signal.
"""

from typing import Final

import msgspec

from watchdog.sidekiq.edit.edits import Edits, Script
from watchdog.sidekiq.edit.failures import NotEditedError
from watchdog.sidekiq.keys import Keys

TTL: Final = 60_000
"""Milliseconds for which it is held without a renewal."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds it, and for what. `token` is the agent's: its memory and its boot, so that it takes its own lock again after a crash. `since` (UTC milliseconds) and `number` are those that Redis gave."""

    token: str
    subject: str
    host: str
    action: str
    target: str
    since: int = 0
    number: int = 0


class Held(msgspec.Struct, frozen=True):
    """Somebody else holds it; None where what stands there can't be understood."""

    by: About | None


class Taken(msgspec.Struct, frozen=True):
    """It is ours."""

    fence: str
    number: int


class Spent(msgspec.Struct, frozen=True):
    """It is free, but for `until_in` milliseconds nothing more may be done."""

    until_in: int


def lock_key(keys: Keys) -> bytes:
    """String: the fence of whoever holds it."""
    return keys.prefix + b"sidekiq-watchdog:fleet:lock"


def _number_key(keys: Keys) -> bytes:
    return keys.prefix + b"sidekiq-watchdog:fleet:number"


def _actions_key(keys: Keys) -> bytes:
    """Sorted set: fences of what was done lately, by time."""
    return keys.prefix + b"sidekiq-watchdog:fleet:actions"


async def take(redis: Edits, about: About, *, limit: int | None, window: int, again: bool) -> Taken | Held | Spent:
    """
    Take it, if nobody else holds it; who holds it gets it anew, under another number.

    At most `limit` actions are begun within `window` milliseconds (None: any number); with `again` it is for one that was counted. Raises `NotEditedError` or `MaybeEditedError`.
    """
    keys = redis.keys
    told = msgspec.json.encode(
        {"token": about.token, "subject": about.subject, "host": about.host, "action": about.action, "target": about.target}
    )
    reply = await redis.run(
        _TAKE,
        (lock_key(keys), _number_key(keys), _actions_key(keys)),
        (about.token, told, TTL, -1 if limit is None else limit, max(1, window), int(again)),
    )
    match reply:
        case [b"taken", bytes() as fence, int() as number]:
            return Taken(fence.decode(), number)
        case [b"held", bytes() as by]:
            return Held(read(by))
        case [b"spent", int() as until_in]:
            return Spent(until_in)
        case _:
            raise NotEditedError("protocol", "what answers in Redis' place does not run scripts as Redis does")


async def renew(redis: Edits, fence: str) -> bool:
    """Hold it for another minute; False if it is not held any more. Raises as `take` does."""
    return bool(await redis.run(_RENEW, (lock_key(redis.keys),), (fence, TTL)))


async def give_back(redis: Edits, fence: str, *, used: bool) -> bool:
    """Give it back; False if it was not held any more. What was not `used` does not count as an action. Raises as `take` does."""
    return bool(await redis.run(_GIVE_BACK, (lock_key(redis.keys), _actions_key(redis.keys)), (fence, int(used))))


def read(fence: bytes) -> About | None:
    """What a fence says; None for what is none."""
    try:
        return msgspec.json.decode(fence, type=About)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


_TAKE: Final = Script("""\
local lock, numbers, actions = unpack(KEYS)
local token, about, ttl, limit, window, again = unpack(ARGV)
local held = redis.call('GET', lock)
if held then
  local ok, one = pcall(cjson.decode, held)
  if not (ok and type(one) == 'table' and one['token'] == token) then return {'held', held} end
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
if again == '0' then
  for _, old in ipairs(redis.call('ZRANGEBYSCORE', actions, '-inf', now - window, 'LIMIT', 0, 100)) do redis.call('ZREM', actions, old) end
  local most = tonumber(limit)
  if most == 0 then return {'spent', tonumber(window)} end
  if most > 0 and redis.call('ZCARD', actions) >= most then
    local first = redis.call('ZRANGE', actions, -most, -most, 'WITHSCORES')
    return {'spent', math.max(1, math.ceil(tonumber(first[2]) + window - now))}
  end
end
local number = redis.call('INCR', numbers)
local fence = string.format('{"number":%.0f,"since":%.0f,', number, now) .. string.sub(about, 2)
if again == '0' then
  redis.call('ZADD', actions, now, fence)
  redis.call('EXPIRE', actions, math.ceil(window / 1000))
end
redis.call('SET', lock, fence, 'PX', ttl)
return {'taken', fence, number}
""")
_RENEW: Final = Script("""\
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
""")
_GIVE_BACK: Final = Script("""\
if ARGV[2] == '0' then redis.call('ZREM', KEYS[2], ARGV[1]) end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('UNLINK', KEYS[1])
return 1
""")
SCRIPTS: Final = frozenset({_TAKE, _RENEW, _GIVE_BACK})
"""All that there are for it."""
