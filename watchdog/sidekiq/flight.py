"""
The last work hash of every process of this host, as raw bytes: what is left of it when Redis no longer has it.

Why: a process that freezes loses its work hash a minute after its last beat, before anybody may touch it; one that is killed by the kernel loses it
soon after. The bytes are private. They stay in memory, compressed, within a bound, and leave it only for a recovery.
"""

import zlib
from collections.abc import Mapping
from typing import Final

import msgspec

MOST: Final = 16 * 1024 * 1024
"""Bytes that are kept of all processes together; beyond that the process that was noted longest ago goes first."""
_LEVEL: Final = 1
_MOST_PROCESSES: Final = 1_000


class Noted(msgspec.Struct, frozen=True):
    """What was noted last of one process: its entries by thread as Redis held them, whether it said that it is quiet, its threads (0: not known), and its last beat (milliseconds of its own clock)."""

    entries: dict[bytes, bytes]
    quiet: bool
    threads: int
    beat: int


class _Kept(msgspec.Struct, frozen=True):
    # Thread → hash of the raw entry, and the entry compressed.
    entries: dict[bytes, tuple[int, bytes]]
    quiet: bool
    threads: int
    beat: int

    @property
    def size(self) -> int:
        return sum(len(thread) + len(kept) for thread, (_, kept) in self.entries.items())


class FlightRecord:
    """`host` is the name of this host in identities; of others nothing is kept."""

    def __init__(self, host: str, *, most: int = MOST) -> None:
        self._host = host
        self._most = most
        self._kept: dict[str, _Kept] = {}
        self._size = 0

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        return self._size

    def note(self, identity: str, entries: Mapping[bytes, bytes], *, quiet: bool, threads: int, beat: int) -> None:
        """What the work hash of a process that beats holds now."""
        if not self._host or identity.rsplit(":", 2)[0] != self._host:
            return
        before = self._kept.pop(identity, None)
        if before is not None:
            self._size -= before.size
        earlier = {} if before is None else before.entries
        now = {}
        for thread, raw in entries.items():
            mark = hash(raw)
            known = earlier.get(thread)
            now[thread] = known if known is not None and known[0] == mark else (mark, zlib.compress(raw, _LEVEL))
        kept = self._kept[identity] = _Kept(now, quiet, threads, beat)
        self._size += kept.size
        while self._size > self._most or len(self._kept) > _MOST_PROCESSES:
            oldest = next(iter(self._kept))
            self._size -= self._kept.pop(oldest).size

    def of(self, identity: str) -> Noted | None:
        """What was noted last of that process; None where nothing is kept."""
        kept = self._kept.get(identity)
        if kept is None:
            return None
        return Noted({thread: zlib.decompress(raw) for thread, (_, raw) in kept.entries.items()}, kept.quiet, kept.threads, kept.beat)
