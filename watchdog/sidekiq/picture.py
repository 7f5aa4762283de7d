"""
The follower's memory of all processes: a reading goes in, what changed comes out.

The counterpart of `reading`. It knows no Redis and no clock, and it decides nothing about what the changes mean:
a process that fell silent keeps its jobs here, because silence of a process says nothing about them.
"""

from typing import Any, Final

from watchdog.model.events import Delta, Gone
from watchdog.model.kinds import Kind
from watchdog.sidekiq.changes import difference
from watchdog.sidekiq.decode import Beat, Info
from watchdog.sidekiq.fleet import Fleet, Member, gather, release
from watchdog.sidekiq.probe import strength
from watchdog.sidekiq.reading import Reading
from watchdog.sidekiq.runs import Confirmed, Runs

LIFETIME: Final = 60_000
"""Milliseconds for which a beat keeps an identity hash alive, in all versions (launcher.rb)."""
NO_KEY: Final = -2
"""What Redis answers when it is asked for the time to live of a key that does not exist."""
GRACE: Final = 30_000
"""Milliseconds for which those that beat before Redis was away are believed to be there after it came back: three beats of the slowest version."""
_EARLY: Final = 2_000
"""How much earlier than that a hash may end: the age of a beat is measured over the network."""
_MOST_LEFT: Final = 1_000
_BEATS: Final = (5_000, 10_000)
"""Milliseconds from one beat to the next before Sidekiq 7.0, and from then on (launcher.rb)."""


class _Known:
    """One process as it was said to be."""

    __slots__ = ("beat", "beat_every", "info", "runs", "slots", "written")

    def __init__(self, identity: str) -> None:
        self.beat = Confirmed(0, 0)
        # Milliseconds, None where neither the version nor two beats have told it.
        self.beat_every: int | None = None
        self.written = b""
        self.info: Info | None = None
        self.slots: dict[str, Any] = {}
        self.runs = Runs(identity)

    @property
    def listed(self) -> bool:
        return self.slots.get("listed") is True


class Picture:
    """All processes that Redis has shown, by identity."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self._left: dict[str, None] = {}
        self._stale: set[str] = set()
        self._newest: tuple[int, ...] = ()
        # Engine times: when Redis was read last, and between which two it was not.
        self._read_at: int | None = None
        self._away: tuple[int, int] | None = None

    def listed(self) -> list[str]:
        """The processes that Redis listed, or whose hash lived, at their last reading."""
        return [identity for identity, known in self._known.items() if known.listed]

    def stale(self) -> list[str]:
        """The members of `processes` that had no hash at their last reading."""
        return sorted(self._stale)

    def fleet(self, at: int) -> Fleet:
        """All processes that Redis has heard from within the minute before that engine time, those included that could not beat while it was away."""
        self._read_at = at
        slots = [(known, known.slots) for known in self._known.values() if known.listed and self._is_heard(known, at)]
        members = (
            Member(known.info, now.get("threads"), now.get("busy"), now.get("quiet") is True, known.runs.by_queue) for known, now in slots
        )
        fleet = gather(members, stale=len(self._stale))
        self._newest = fleet.newest
        return fleet

    def came_back(self, at: int) -> None:
        """Redis is read again, for the first time since `fleet` was asked last: nobody can have been heard meanwhile."""
        if self._read_at is not None:
            self._away = (self._read_at, at)

    def _is_heard(self, known: _Known, at: int) -> bool:
        if at - known.beat.at < LIFETIME or self._away is None:
            return at - known.beat.at < LIFETIME
        left_at, back_at = self._away
        return at - back_at < GRACE and left_at - known.beat.at < LIFETIME

    def beat(self, identity: str) -> bytes | None:
        """The last beat of a process as it was written, None if it is unknown."""
        known = self._known.get(identity)
        return known.written if known else None

    def is_stale(self, reading: Reading) -> bool:
        """A member of `processes` without a hash that was never seen to beat: left over from a crash, no process."""
        return reading.ttl == NO_KEY and reading.member and reading.identity not in self._known

    def is_torn(self, reading: Reading) -> bool:
        """
        Whether the reading was made while Sidekiq was writing, and should be made again.

        Sidekiq 6.4.2 to 7.2.2 empties and fills the work hash in steps; every version writes it a moment before
        the identity; and a clean stop leaves `processes` a moment before it removes the work hash.
        """
        if reading.beat is None:
            return False
        if not reading.member:
            return reading.held > 0
        known = self._known.get(reading.identity)
        if known is None or known.written != reading.beat.written:
            return not reading.held_as_said
        return not reading.held_as_said or known.runs.contradicts(reading)

    def take(self, reading: Reading) -> tuple[Delta | Gone, ...]:
        """
        Remember the reading; what changed by it: the process first, then jobs that ended, then jobs that are new.

        A process that comes back after it was no longer listed is told whole, with all its jobs.
        """
        known = self._known.get(reading.identity)
        if reading.member and reading.ttl == NO_KEY:
            self._stale.add(reading.identity)
        else:
            self._stale.discard(reading.identity)
        if reading.beat is None:
            return self._without_hash(reading, known)
        if known is None:
            if not reading.member:
                return ()
            known = _Known(reading.identity)
        known.info = reading.info or known.info
        claimed = _claimed(reading.identity, known.info)
        if claimed is None:
            return ()
        self._known[reading.identity] = known
        came_back = bool(known.slots) and not known.listed
        fresh = known.written != reading.beat.written
        if fresh:
            known.beat_every = _beat_every(known, reading.beat)
            known.written = reading.beat.written
            known.beat = Confirmed(reading.beat.at, _confirmed_at(reading))
        stopped = not reading.member and reading.held == 0
        now = claimed | _beaten(known, reading.beat) | {"listed": not stopped, "clean_stop": stopped} | self._compared(known.info)
        if stopped:
            jobs: tuple[Delta | Gone, ...] = known.runs.stop()
        elif fresh:
            jobs = known.runs.at_beat(reading, known.beat)
        else:
            jobs = known.runs.within_beat(reading, known.beat)
        if came_back and not stopped:
            jobs = tuple(change for change in jobs if isinstance(change, Gone)) + known.runs.all()
            known.slots = {}
        return self._told(reading.identity, known, now) + jobs

    def _compared(self, info: Info | None) -> dict[str, Any]:
        # With what all others last showed: it is put right within a beat.
        return {} if info is None else {"outdated": release(info.version) < self._newest}

    def _without_hash(self, reading: Reading, known: _Known | None) -> tuple[Delta, ...]:
        # Silence alone changes nothing: the age of the last beat grows by itself.
        if known is None or not known.listed or reading.member:
            return ()
        if reading.ttl == NO_KEY and self._is_heard(known, reading.at + _EARLY):
            # Nobody removes this hash: if it is gone before its time, Redis has lost it, which says nothing of the process.
            return ()
        return self._told(reading.identity, known, known.slots | {"listed": False})

    def _told(self, identity: str, known: _Known, now: dict[str, Any]) -> tuple[Delta, ...]:
        fields = difference(known.slots, now)
        known.slots = now
        if known.listed:
            self._left.pop(identity, None)
        else:
            self._left[identity] = None
        if len(self._left) > _MOST_LEFT:
            oldest = next(iter(self._left))
            del self._left[oldest]
            del self._known[oldest]
        return (Delta(Kind.PROCESS, identity, fields),) if fields else ()


def _confirmed_at(reading: Reading) -> int:
    # Without an end of life the hash does not tell the age of the beat; then it is taken for new when it is first seen.
    age = LIFETIME - reading.ttl if 0 <= reading.ttl < LIFETIME else 0
    return reading.at - age


def _claimed(identity: str, info: Info | None) -> dict[str, Any] | None:
    """What a process says of itself once; where it can't be read, as much as its identity tells; None if that tells nothing."""
    if info is None:
        parts = identity.rsplit(":", 2)
        if len(parts) != len(("host", "pid", "nonce")) or not (parts[1].isascii() and parts[1].isdecimal()):
            return None
        return {"host": parts[0], "pid": int(parts[1][:9])}
    claimed = {
        "host": info.host,
        "pid": info.pid,
        "tag": info.tag,
        "queues": info.queues,
        "labels": info.labels,
        "embedded": info.embedded,
        "probe": strength(info.labels),
    }
    if info.version:
        claimed |= {"version": info.version, "weights": info.weights}
    return claimed | {"capsules": tuple(capsule.name for capsule in info.capsules)} if info.capsules else claimed


def _beat_every(known: _Known, beat: Beat) -> int | None:
    """How far its beats are apart: by its version, or by the closest two of them where it tells none."""
    if known.info is not None and (numbers := release(known.info.version)):
        return _BEATS[numbers >= (7,)]
    if not known.written:
        return None
    seen = min(_BEATS, key=lambda usual: abs(usual - (beat.at - known.beat.beat)))
    return seen if known.beat_every is None else min(seen, known.beat_every)


def _beaten(known: _Known, beat: Beat) -> dict[str, Any]:
    """What a process says at each beat; what it does not say is left out."""
    said_once = known.info.threads if known.info else None
    slots = {
        "threads": beat.threads if beat.threads is not None else said_once,
        "busy": beat.busy,
        "quiet": beat.quiet,
        "rss": beat.rss,
        "rtt": beat.rtt,
        "beat_every": known.beat_every,
        "confirmed_at": known.beat.at,
        "booted_at": known.slots.get("booted_at"),
    }
    if slots["booted_at"] is None and known.info and known.info.started_at is not None:
        slots["booted_at"] = known.beat.engine_time(known.info.started_at)
    return {slot: value for slot, value in slots.items() if value is not None}
