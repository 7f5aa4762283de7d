"""
Reading one process: what to ask Redis, and what the answers say.

The counterpart of `picture`, which holds a reading against what was known before. All that is asked of one process goes
in one go over one connection, so that the identity hash and the work hash belong together: Sidekiq
writes the work hash first and the identity last (launcher.rb), we read the identity first and the work after it.
"""

from typing import Final

import msgspec

from watchdog.sidekiq.broken import Tally
from watchdog.sidekiq.decode import Beat, Broken, Info, Work, decode_beat, decode_info, decode_work, label
from watchdog.sidekiq.failures import ServerError, from_reply, unavailable
from watchdog.sidekiq.flight import FlightRecord
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.wire import Command, Reply

_FIELDS: Final = ("info", "beat", "busy", "quiet", "rss", "rtt_us", "concurrency")
COMMANDS_EACH: Final = 5
"""How many commands one process takes; the first reads its identity hash."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """
    One process as Redis showed it at engine time `at`.

    `ttl` is that of the identity hash in milliseconds, -1 if it never expires, -2 if there is none. `beat` is None if there is none, or it is broken.
    `member` says that `processes` lists it; `held` counts all entries of the work hash, the broken ones too.
    `info` is None where it is broken.
    """

    identity: str
    at: int
    ttl: int
    member: bool
    info: Info | None
    beat: Beat | None
    work: tuple[Work, ...]
    held: int

    @property
    def held_as_said(self) -> bool:
        """The work hash has as many entries as the process says it is busy (or it does not say)."""
        return self.beat is None or self.beat.busy is None or self.beat.busy == self.held


class _Decoded:
    """What was decoded of one process: bytes that have not changed are not decoded again."""

    __slots__ = ("info", "info_hash", "work")

    def __init__(self) -> None:
        self.info_hash: int | None = None
        self.info: Info | Broken | None = None
        self.work: dict[tuple[bytes, bytes], tuple[int, Work | Broken]] = {}


class ProcessReader:
    """Turns replies into readings, and reports what is broken in them to the tally."""

    def __init__(self, keys: Keys, tally: Tally, where: str, flight: FlightRecord | None = None) -> None:
        self._keys = keys
        self._flight = flight
        self._tally = tally
        self._where = where
        self._decoded: dict[str, _Decoded] = {}

    def commands(self, identity: str) -> tuple[Command, ...]:
        """What to ask about one process, in this order, uninterrupted on one connection."""
        key = self._keys.identity(identity)
        new, old = self._keys.work(identity)
        # Membership last: a clean stop takes the process out of the set before it removes the work hash.
        return (
            ("HMGET", key, *_FIELDS),
            ("PTTL", key),
            ("HGETALL", new),
            ("HGETALL", old),
            ("SISMEMBER", self._keys.processes, identity),
        )

    def reading(self, identity: str, replies: list[Reply], at: int) -> Reading:
        """The reading that the replies to `commands` make; raises `SourceUnavailableError` for a refusal or a reply that Redis would not give."""
        hash_reply, ttl, new, old, member = replies
        for reply in (ttl, member):
            if isinstance(reply, ServerError):
                raise from_reply(reply, self._where)
            if not isinstance(reply, int):
                raise unavailable("protocol", self._where)
        decoded = self._decoded.setdefault(identity, _Decoded())
        values = self._values(identity, hash_reply)
        beat = self._beat(identity, values)
        new_key, old_key = self._keys.work(identity)
        entries = {(old_key, tid): raw for tid, raw in self._entries(old_key, old).items()}
        entries |= {(new_key, tid): raw for tid, raw in self._entries(new_key, new).items()}
        work = self._work(decoded, entries)
        info = self._info(identity, decoded, values) if beat is not None else None
        if beat is not None and self._flight is not None:
            threads = beat.threads or (info.threads if info is not None else None) or 0
            raw = {tid: value for (_, tid), value in entries.items() if isinstance(value, bytes)}
            self._flight.note(identity, raw, quiet=beat.quiet is True, threads=threads, beat=beat.at)
        return Reading(
            identity=identity,
            at=at,
            ttl=ttl,
            member=bool(member),
            info=info,
            beat=beat,
            work=work,
            held=len(entries),
        )

    def forget(self, identity: str) -> None:
        """Let go of what was decoded of a process that is not read any more."""
        self._decoded.pop(identity, None)

    def _values(self, identity: str, reply: Reply) -> dict[str, Reply]:
        if isinstance(reply, ServerError):
            self._wrong_type(label(self._keys.identity(identity)), reply)
            return {}
        if not isinstance(reply, list) or len(reply) != len(_FIELDS) or not all(isinstance(value, bytes | None) for value in reply):
            raise unavailable("protocol", self._where)
        return {field: value for field, value in zip(_FIELDS, reply, strict=True) if value is not None}

    def _entries(self, key: bytes, reply: Reply) -> dict[bytes, Reply]:
        match reply:
            case ServerError():
                self._wrong_type(label(key), reply)
                return {}
            case dict() if all(isinstance(tid, bytes) for tid in reply):
                return reply
            case list() if len(reply) % 2 == 0 and all(isinstance(tid, bytes) for tid in reply[::2]):  # RESP2
                return dict(zip(reply[::2], reply[1::2], strict=True))
            case _:
                raise unavailable("protocol", self._where)

    def _wrong_type(self, key: str, error: ServerError) -> None:
        if not str(error).startswith("WRONGTYPE"):
            raise from_reply(error, self._where)
        self._tally.add(Broken(key, "it is not a hash"))

    def _beat(self, identity: str, values: dict[str, Reply]) -> Beat | None:
        if not values:
            return None
        get = values.get
        beat = decode_beat(
            label(self._keys.identity(identity)),
            beat=get("beat"),
            busy=get("busy"),
            quiet=get("quiet"),
            rss=get("rss"),
            rtt_us=get("rtt_us"),
            concurrency=get("concurrency"),
        )
        if isinstance(beat, Broken):
            self._tally.add(beat)
            return None
        return beat

    def _info(self, identity: str, decoded: _Decoded, values: dict[str, Reply]) -> Info | None:
        raw = values.get("info")
        if decoded.info is None or decoded.info_hash != hash(raw):
            decoded.info_hash = hash(raw)
            decoded.info = decode_info(identity, raw)
        if isinstance(decoded.info, Broken):
            self._tally.add(decoded.info)
            return None
        return decoded.info

    def _work(self, decoded: _Decoded, entries: dict[tuple[bytes, bytes], Reply]) -> tuple[Work, ...]:
        now: dict[tuple[bytes, bytes], tuple[int, Work | Broken]] = {}
        for (key, tid), raw in entries.items():
            mark = hash(raw) if isinstance(raw, bytes) else 0
            earlier = decoded.work.get((key, tid))
            now[key, tid] = earlier if earlier is not None and earlier[0] == mark else (mark, decode_work(label(key), tid, raw))
        decoded.work = now
        work = []
        for _, value in now.values():
            if isinstance(value, Broken):
                self._tally.add(value)
            else:
                work.append(value)
        return tuple(sorted(work, key=lambda one: one.run))
