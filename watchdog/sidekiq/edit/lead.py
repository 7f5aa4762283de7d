"""
Which agent leads: it does what concerns the whole of a Redis, which every agent sees and none of them should do a share of.

A key with a time to live, taken by whoever comes first and renewed each time that he says that he is there. It is the agent's and not its process': after a crash it
has it still. Nobody gives it back: whoever leads no more lets it run out.
"""

from typing import Final

import msgspec

from watchdog.sidekiq.edit.edits import Edits, Script
from watchdog.sidekiq.edit.failures import NotEditedError
from watchdog.sidekiq.keys import Keys

TTL: Final = 30_000
"""Milliseconds for which an agent leads without a renewal; it renews each ten seconds."""


class Leader(msgspec.Struct, frozen=True):
    """The agent that leads: its token, by which it knows itself, and its host, for people."""

    token: str
    host: str


UNKNOWN: Final = Leader("", "another host")
"""What stands there can't be read: it is none of ours."""


def lead_key(keys: Keys) -> bytes:
    """String: the agent that leads."""
    return keys.prefix + b"sidekiq-watchdog:lead"


async def seek(redis: Edits, me: Leader) -> Leader:
    """Lead, if nobody else does, for another while; gives who leads. Raises `NotEditedError` or `MaybeEditedError`."""
    reply = await redis.run(_SEEK, (lead_key(redis.keys),), (msgspec.json.encode(me), TTL))
    if not isinstance(reply, bytes):
        raise NotEditedError("protocol", "what answers in Redis' place does not run scripts as Redis does")
    return read(reply)


def read(said: bytes) -> Leader:
    """Who is meant by what stands there."""
    try:
        return msgspec.json.decode(said, type=Leader)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return UNKNOWN


_SEEK: Final = Script("""\
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return held end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
""")
SCRIPTS: Final = frozenset({_SEEK})
"""All that there are for it."""
