"""
The locks of sidekiq-unique-jobs that a job holds: given back when the job is taken away, as the gem itself does.

The gem watches Sidekiq's Ruby API for jobs that are deleted or killed; an edit of the bytes in Redis passes it by, and then the next job
with the same arguments would be dropped without a word, for as long as the lock lives (50 days at Mastodon). Key names are those of 7.1 to 8.1 of the gem.
"""

from typing import Final

from watchdog.sidekiq.edit.edits import Edits, Script
from watchdog.sidekiq.edit.failures import NotEditedError
from watchdog.sidekiq.edit.payload import fields_of


def locks_of(payload: bytes) -> tuple[str, ...]:
    """The names of the locks that a job may hold; none where it is not of a class with unique jobs."""
    digest = fields_of(payload).get("lock_digest")
    return (digest,) if isinstance(digest, str) and digest else ()


async def give_back_locks(redis: Edits, *, jid: str, locks: tuple[str, ...]) -> int:
    """
    Remove those that are held by this job and by no other; how many.

    May be repeated. Raises `NotEditedError` or `MaybeEditedError`.
    """
    if not locks:
        return 0
    digests, _ = redis.keys.unique
    prefix = redis.keys.prefix
    reply = await redis.run(_GIVE_BACK, (digests, *(prefix + lock.encode() for lock in locks)), (jid, len(prefix)))
    return _number(reply)


async def holder_of(redis: Edits, locks: tuple[str, ...]) -> str:
    """The jid of a job that holds one of them; empty if nobody does. A job that can't get its lock is dropped by the gem. Raises as above."""
    if not locks:
        return ""
    reply = await redis.run(_HOLDER, tuple(redis.keys.prefix + lock.encode() for lock in locks), ())
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else ""


def _number(reply: object) -> int:
    if not isinstance(reply, int):
        raise NotEditedError("protocol", "what answers in Redis' place does not run scripts as Redis does")
    return reply


_GIVE_BACK: Final = Script("""\
local jid, prefix = ARGV[1], tonumber(ARGV[2])
local given = 0
for index = 2, #KEYS do
  for _, lock in ipairs({KEYS[index], KEYS[index] .. ':RUN'}) do
    local held = redis.pcall('HLEN', lock .. ':LOCKED')
    if held == 1 and redis.call('HEXISTS', lock .. ':LOCKED', jid) == 1 then
      -- Under a namespace the gem may have written the name down with it or without.
      redis.call('ZREM', KEYS[1], lock, string.sub(lock, prefix + 1))
      redis.call('UNLINK', lock, lock .. ':QUEUED', lock .. ':PRIMED', lock .. ':LOCKED', lock .. ':INFO')
      given = given + 1
    end
  end
end
return given
""")
_HOLDER: Final = Script("""\
for _, lock in ipairs(KEYS) do
  local held = redis.pcall('HLEN', lock .. ':LOCKED')
  if type(held) == 'number' and held > 0 and held < 1000 then return redis.call('HKEYS', lock .. ':LOCKED')[1] end
end
return ''
""")
