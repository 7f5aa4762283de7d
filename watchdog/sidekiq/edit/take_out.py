"""
Taking one job out of a queue, of the retries or of the scheduled jobs: the very one, or none.

The counterpart of `put_back`. Whoever asks must have the job's bytes safe on disk before, because afterwards they are nowhere else. A token is set in
the same moment: asked again, the script answers as before, so that an agent that was killed in between finds out whether it was the one who took the job.

In a queue the job is looked for among the 1,000 at either end, and in the whole of a queue of at most 100,000: to take one out of the middle of that
many, Redis stands still for 10 to 30 ms (measured on a busy machine with two cores).
"""

from typing import Final

import msgspec

from watchdog.model.quarantine import CameFrom
from watchdog.sidekiq.edit.edits import Edits, Script
from watchdog.sidekiq.edit.failures import NotEditedError

TOKENS_KEPT: Final = 30 * 86_400
"""Seconds for which Redis knows that a job was taken."""


class Taken(msgspec.Struct, frozen=True):
    """It was there and is no longer. `score` is the one it had in its set, as Redis writes it; empty for a queue."""

    score: str = ""


class Absent(msgspec.Struct, frozen=True):
    """It is not there (any more): somebody else has it. Nothing was changed."""


class TooDeep(msgspec.Struct, frozen=True):
    """It is not near an end of its queue, and the queue is too long to be searched. Nothing was changed."""


TakeOutOutcome = Taken | Absent | TooDeep
"""What came of it."""


async def take_out(
    redis: Edits, *, token: str, payload: bytes, came_from: CameFrom, queue: str = "", in_dead_set_at: int | None = None
) -> TakeOutOutcome:
    """
    Remove the member with just these bytes, once. `token` must be that of no other taking, of any agent.

    `in_dead_set_at` (milliseconds since 1970) puts it into Sidekiq's dead set in the same moment, as if it had died then. That set is not trimmed: how much it holds
    is for the application to say, and Sidekiq trims it at the next death. Of `CameFrom.PROCESS` there is nothing to remove.
    Raises `NotEditedError` or `MaybeEditedError`; it may be asked again then.
    """
    keys = redis.keys
    retry, schedule, dead = keys.sets
    source = {CameFrom.QUEUE: keys.queue(queue), CameFrom.RETRY: retry, CameFrom.SCHEDULE: schedule, CameFrom.PROCESS: dead}[came_from]
    died = "" if in_dead_set_at is None else repr(in_dead_set_at / 1000)
    reply = await redis.run(_TAKE_OUT, (taken_key(redis, token), source, dead), (came_from.value, died, TOKENS_KEPT, payload))
    match reply:
        case [b"taken", bytes() as score]:
            return Taken(score.decode())
        case [b"absent"]:
            return Absent()
        case [b"too deep"]:
            return TooDeep()
        case _:
            raise NotEditedError("protocol", "what answers in Redis' place does not run scripts as Redis does")


async def forget_dead(redis: Edits, payload: bytes) -> bool:
    """Remove the member with just these bytes from the dead set; whether it was there. Raises as `take_out` does."""
    return bool(await redis.run(_FORGET_DEAD, (redis.keys.sets[2],), (payload,)))


def taken_key(redis: Edits, token: str) -> bytes:
    """What says that a job was taken, by the score it had, or why it never will be."""
    return redis.keys.prefix + b"sidekiq-watchdog:taken:" + token.encode()


_FORGET_DEAD: Final = Script("return redis.call('ZREM', KEYS[1], ARGV[1])")
_TAKE_OUT: Final = Script("""\
local token, source, dead = unpack(KEYS)
local from, died, kept, payload = unpack(ARGV)

local before = redis.call('GET', token)
if before == 'absent' or before == 'too deep' then return {before} end
if before then return {'taken', before} end

-- Of two who ask at the same time neither may hear something else than the other.
local function never(answer)
  redis.call('SET', token, answer, 'EX', kept)
  return {answer}
end

local score, direction = '', 0
if from == 'queue' then
  if redis.call('LPOS', source, payload, 'RANK', -1, 'MAXLEN', 1000) then direction = -1
  elseif redis.call('LPOS', source, payload, 'MAXLEN', 1000) then direction = 1
  elseif redis.call('LLEN', source) > 100000 then return never('too deep')
  elseif redis.call('LPOS', source, payload) then direction = -1
  else return never('absent') end
elseif from ~= 'process' then
  score = redis.call('ZSCORE', source, payload)
  if not score then return never('absent') end
end

-- A user without one of these rights must be refused before anything is written.
redis.call('UNLINK', token)
if from == 'queue' then redis.call('LREM', token, 1, '') else redis.call('ZREM', token, '') end
redis.call('SET', token, score, 'EX', kept)

local function refused(reply) return type(reply) == 'table' and reply.err end
if died ~= '' then
  local reply = redis.pcall('ZADD', dead, died, payload)
  if refused(reply) then
    redis.call('UNLINK', token)
    return reply
  end
end
if from ~= 'process' then
  local reply
  if direction ~= 0 then reply = redis.pcall('LREM', source, direction, payload) else reply = redis.pcall('ZREM', source, payload) end
  if refused(reply) then
    redis.call('UNLINK', token)
    if died ~= '' then redis.pcall('ZREM', dead, payload) end
    return reply
  end
end
return {'taken', score}
""")
