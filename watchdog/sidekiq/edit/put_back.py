"""
Putting a job back that was lost with its process: exactly as it was, and never twice.

One script looks and pushes, so nothing can move in between. A token for each job of a dead process is set in the same moment as the push: asked again, however
much later and whoever has taken the job meanwhile, the script answers as before and pushes nothing. A process dies once, so it loses a job at most once: whoever
else asks, another agent, or the same one after its memory was restored, is told that it was done. To be put into quarantine is decided by the same token.

What is looked at, where Sidekiq itself may have left the job:
* `retry`, `schedule` and `dead` for the very bytes, and `retry` and `dead` for its jid where it would stand if it had failed since it was last seen: at most
  1,000 members of each, by score. A class with a `sidekiq_retry_in` unlike Sidekiq's and Mastodon's may stand elsewhere.
* its queue for the very bytes: 1,000 jobs from either end (Sidekiq pushes back to the right end, where the next job is taken); for its jid, the
  250 newest, which is where the poller pushes. The middle of a long queue is not looked at: nothing is ever pushed there.
* the work hashes of all other processes, if there are at most 200 with at most 1,000 threads; beyond that whoever follows them must know.
All of it stops at 16 MB of jobs. A job that another process has taken within the last beat stands nowhere and can't be found.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from watchdog.sidekiq.edit.edits import Edits, Script
from watchdog.sidekiq.edit.failures import NotEditedError
from watchdog.sidekiq.wire import Reply

TOKENS_KEPT: Final = 30 * 86_400
"""Seconds for which Redis knows what became of the jobs of a process, after the last time."""
_SLACK: Final = 5.0
"""Seconds by which clocks of hosts may differ, and that a failure takes until it is written down."""


class Token(msgspec.Struct, frozen=True):
    """
    What makes sure that a job is put back only once: `jid` in this scope, the identity of the process that lost it.

    `by` is who asks: who asked first is told again what came of it, others that it was done.
    """

    scope: str
    jid: str
    by: str = ""


class ToQueue(msgspec.Struct, frozen=True):
    """To the right end of its queue: it is the next to run."""


class ToRetry(msgspec.Struct, frozen=True):
    """Among the retries, to be run at that time (milliseconds since 1970); `score` is that which it had before, as Redis writes it."""

    at_ms: int
    score: str = ""


class ToSchedule(msgspec.Struct, frozen=True):
    """Among the scheduled jobs; as `ToRetry`."""

    at_ms: int
    score: str = ""


class ToQuarantine(msgspec.Struct, frozen=True):
    """Nowhere that Sidekiq takes it from: whoever asks keeps the bytes. `died_ms` (milliseconds since 1970) puts it among the dead as well."""

    died_ms: int | None = None


Place = ToQueue | ToRetry | ToSchedule | ToQuarantine
"""Where a job is put."""


class Done(msgspec.Struct, frozen=True):
    """It stands where it was to be put. `unlooked` names places that were too big to be looked at as far as promised (`queue`, `retry`, `dead`, `running`)."""

    unlooked: tuple[str, ...] = ()


class AlreadyDone(msgspec.Struct, frozen=True):
    """It was put back before with this token; nothing was pushed now."""


class Found(msgspec.Struct, frozen=True):
    """
    Nothing was pushed: it stands in `queue`, `retry`, `schedule` or `dead`, or is `running` in another process, or `elsewhere`; or it did when this was asked first.

    Or somebody else has put it back (`returned`) or into `quarantine` with this token.
    """

    where: str


PutBackOutcome = Done | AlreadyDone | Found
"""What came of it."""


async def put_back(
    redis: Edits,
    *,
    token: Token,
    payload: bytes,
    queue: str,
    place: Place,
    lost_by: str = "",
    unseen_for: int = 60_000,
    leaves_dead_set: bool = False,
    in_list: bool = False,
    by_bytes_alone: bool = False,
) -> PutBackOutcome:
    """
    Put a job back, unless Sidekiq has it.

    `payload` are the bytes of the job as Sidekiq wrote them. `lost_by` is the identity of the process that ran it: its work hash, which lives on
    for a minute, does not count; without it no work hash is looked at. `unseen_for` is how many milliseconds ago it was last known to run. With `leaves_dead_set` it is taken from there in the same moment, and
    if it is not there, somebody else has taken it: `Found("elsewhere")`. So with `in_list` from the list in which the probe of `lost_by` held it; from there it goes as well
    where it is found in another place. `by_bytes_alone` is for a job that was taken out of Redis while it waited, so that nobody can have run it since: it is looked for
    where its very bytes may stand, which takes Redis a tenth of a millisecond instead of ten among many retries. Raises `NotEditedError` or `MaybeEditedError` where Redis can't be reached or refuses; it may be asked again then.
    """
    keys = redis.keys
    retry, schedule, dead = keys.sets
    since = unseen_for / 1000 + _SLACK
    soonest, latest = _delays(payload)
    target, score = _target(place)
    mark = f"{'quarantine' if target == 'quarantine' else 'returned'} {token.by}" if token.by else "done"
    reply = await redis.run(
        _PUT_BACK,
        (put_back_key(redis, token.scope), keys.queues, keys.queue(queue), retry, schedule, dead, keys.processes, keys.moved(lost_by, queue)),
        (
            token.jid, target, score, queue, TOKENS_KEPT, repr(since), repr(soonest - since), repr(latest + _SLACK), keys.prefix, lost_by,
            int(leaves_dead_set), int(in_list), mark, int(by_bytes_alone), payload,
        ),
    )  # fmt: skip
    return _outcome(reply)


def put_back_key(redis: Edits, scope: str) -> bytes:
    """Hash of what became of the jobs of a process, by jid."""
    return redis.keys.prefix + b"sidekiq-watchdog:put-back:" + scope.encode()


def _target(place: Place) -> tuple[str, str]:
    match place:
        case ToQueue():
            return "queue", ""
        case ToRetry(at_ms, score):
            return "retry", score or repr(at_ms / 1000)
        case ToSchedule(at_ms, score):
            return "schedule", score or repr(at_ms / 1000)
        case ToQuarantine(died_ms):
            return "quarantine", "" if died_ms is None else repr(died_ms / 1000)


class _Tried(msgspec.Struct, gc=False):
    retry_count: int = -1


def _delays(payload: bytes) -> tuple[float, float]:
    """Seconds after which the job is tried again at the soonest and at the latest, should it fail now; Mastodon's `sidekiq_retry_in` included."""
    try:
        tried = msgspec.json.decode(payload, type=_Tried).retry_count
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        tried = -1
    count = min(max(tried, -1) + 1, 100)
    return count**4 + 15, 20 * count**4 + 15 + 10 * (count + 1)


def _outcome(reply: Reply) -> PutBackOutcome:
    match reply:
        case [b"done", *unlooked]:
            return Done(_names(unlooked))
        case [b"already"]:
            return AlreadyDone()
        case [b"found", bytes() as where]:
            return Found(where.decode())
        case _:
            raise NotEditedError("protocol", "what answers in Redis' place does not run scripts as Redis does")


def _names(raw: Sequence[Reply]) -> tuple[str, ...]:
    return tuple(sorted(name.decode() for name in raw if isinstance(name, bytes)))


_PUT_BACK: Final = Script("""\
local tokens, queues, list, retry, schedule, dead, processes, held = unpack(KEYS)
local jid, target, score, queue, kept, since, soonest, latest, prefix, lost_by, leaves_dead, in_list, mark, by_bytes, payload = unpack(ARGV)

local before = redis.call('HGET', tokens, jid)
if before == mark then return {'already'} end
if before then return {'found', string.match(before, '^%S+')} end

local left = 16 * 1024 * 1024
local unlooked = {}

local function too_much(text, place)
  left = left - #text
  if left < 0 then unlooked[place] = true end
  return left < 0
end

local function is_it(text)
  if not string.find(text, jid, 1, true) then return false end
  local ok, job = pcall(cjson.decode, text)
  return ok and type(job) == 'table' and job['jid'] == jid
end

local function runs_it(text)
  if not string.find(text, jid, 1, true) then return false end
  local ok, entry = pcall(cjson.decode, text)
  if not ok or type(entry) ~= 'table' then return false end
  local job = entry['payload']
  if type(job) == 'string' then return is_it(job) end
  return type(job) == 'table' and job['jid'] == jid
end

local function among(key, place, low, high)
  local first = redis.call('ZCOUNT', key, '-inf', '(' .. low)
  local count = redis.call('ZCOUNT', key, low, high)
  if count > 1000 then unlooked[place] = true end
  for rank = first, first + math.min(count, 1000) - 1 do
    local member = redis.call('ZRANGE', key, rank, rank)[1]
    if not member or too_much(member, place) then return false end
    if is_it(member) then return true end
  end
  return false
end

local function newest()
  for index = 0, 249 do
    local member = redis.call('LINDEX', list, index)
    if not member or too_much(member, 'queue') then return false end
    if is_it(member) then return true end
  end
  return false
end

local function runs()
  if lost_by == '' then return false end
  if redis.call('SCARD', processes) > 200 then unlooked['running'] = true return false end
  local threads = 0
  for _, identity in ipairs(redis.call('SMEMBERS', processes)) do
    for _, suffix in ipairs(identity == lost_by and {} or {':work', ':workers'}) do
      local key = prefix .. identity .. suffix
      threads = threads + redis.call('HLEN', key)
      if threads > 1000 then unlooked['running'] = true return false end
      for _, entry in ipairs(redis.call('HVALS', key)) do
        if too_much(entry, 'running') then return false end
        if runs_it(entry) then return true end
      end
    end
  end
  return false
end

local function where()
  if in_list == '1' and not redis.call('LPOS', held, payload) then return 'elsewhere' end
  if redis.call('ZSCORE', retry, payload) then return 'retry' end
  if redis.call('ZSCORE', schedule, payload) then return 'schedule' end
  if redis.call('ZSCORE', dead, payload) then
    if leaves_dead == '0' then return 'dead' end
  elseif leaves_dead == '1' then return 'elsewhere' end
  if redis.call('LPOS', list, payload, 'RANK', -1, 'MAXLEN', 1000) then return 'queue' end
  if redis.call('LPOS', list, payload, 'MAXLEN', 1000) then return 'queue' end
  if by_bytes == '1' then return nil end
  local time = redis.call('TIME')
  local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
  local function at(seconds) return string.format('%.3f', now + tonumber(seconds)) end
  if among(retry, 'retry', at(soonest), at(latest)) then return 'retry' end
  if leaves_dead == '0' and among(dead, 'dead', at(-since), '+inf') then return 'dead' end
  if newest() then return 'queue' end
  if runs() then return 'running' end
  return nil
end

local found = where()
-- Changes nothing that was not so before. It is refused where memory is full, which only the first write of a script can be.
redis.call('SADD', queues, queue)
-- A user without this right must be refused before the token is set.
redis.call('HDEL', tokens, '')
if leaves_dead == '1' then redis.call('ZREM', dead, '') end
if in_list == '1' then redis.call('LREM', held, 1, '') end
redis.call('HSETNX', tokens, jid, found or mark)

local function written()
  local reply = redis.pcall('EXPIRE', tokens, kept)
  if type(reply) == 'table' and reply.err then return reply end
  if found then return nil end
  if target == 'queue' then
    reply = redis.pcall('RPUSH', list, payload)
  elseif target == 'quarantine' then
    reply = score ~= '' and redis.pcall('ZADD', dead, score, payload)
  else
    reply = redis.pcall('ZADD', target == 'retry' and retry or schedule, score, payload)
  end
  if type(reply) == 'table' and reply.err then return reply end
  return nil
end

local failure = written()
if failure then
  redis.call('HDEL', tokens, jid)
  return failure
end
if leaves_dead == '1' and not found then redis.call('ZREM', dead, payload) end
if in_list == '1' then redis.call('LREM', held, 1, payload) end
if found then return {'found', found} end
local answer = {'done'}
for place in pairs(unlooked) do answer[#answer + 1] = place end
return answer
""")
