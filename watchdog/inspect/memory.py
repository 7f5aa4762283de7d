"""
Finding payloads by their jids in the memory of a process.

Only what the process itself has written is searched (private, writable mappings), once, in pieces through one buffer that is used again; time
and memory are bounded whatever lies there. What is found is a claim, not a proof: arguments of a job can hold a text that looks just like another
job, if their author knew its jid. It is not given out while the arguments lie there too; when they are gone, nothing tells it apart. So all copies
that differ are given out, and who asked decides.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from itertools import groupby
from typing import Final, NamedTuple

from watchdog.inspect import kernel
from watchdog.inspect.copies import LARGEST, REACHES, Copy, Form, Hit, More, copy_around
from watchdog.inspect.deadline import Deadline
from watchdog.inspect.target import Target

PIECE: Final = 2**20
LARGEST_ALL: Final = 3 * LARGEST
"""Bytes of all payloads that one answer may hold."""
COPIES: Final = 8
"""Copies of one job that differ; where there are more, the answer is partial."""
_LATER: Final = 4096  # hits that wait for a wider look
_OVERLAP: Final = 256  # a hit is shorter
_MAPPING: Final = re.compile(rb"^([0-9a-f]+)-([0-9a-f]+) rw-p \S+ \S+ \S+ *(.*)$", re.MULTILINE)


class Found(NamedTuple):
    """One payload: the exact bytes, and how many copies of them lay there as they are and within entries of the work hash."""

    jid: str
    payload: bytes
    raw: int
    embedded: int


class Search(NamedTuple):
    """
    What came of a search; `partial` is '' if all was searched, else what ended it: time or size. `read` in bytes.

    `quoted` counts texts that looked like a payload and are not given out: another document holds them as a string.
    """

    found: tuple[Found, ...]
    quoted: int
    read: int
    partial: str


def search(target: Target, jids: Collection[str], deadline: Deadline, *, between: Callable[[], None] = lambda: None) -> Search:
    """Search the memory of that process for these jobs; `between` is called after each piece. Raises `RefusedError`."""
    keep = _Keep()
    pattern = _pattern(jids)
    later: list[tuple[Hit, tuple[int, int]]] = []
    read = 0

    def look(hit: Hit, bounds: tuple[int, int], reach: int) -> bool:
        """Whether a wider look is wanted."""
        match copy_around(hit, lambda start, size: kernel.read(target.pid, start, size), reach, bounds, deadline):
            case Copy() as copy:
                keep.add(copy)
            case More.TIME:
                keep.partial = "time"
            case More.BYTES:
                return True
        return False

    buffer = bytearray(PIECE)
    for bounds in regions(target.file("maps")):
        for address, size, until in _pieces(target.pid, bounds, buffer):
            read += size
            for match in pattern.finditer(buffer, 0, size):
                hit = Hit(address + match.start(), match[2].decode(), bool(match[1]))
                if match.start() < until and look(hit, bounds, REACHES[0]):
                    later.append((hit, bounds))
                    if len(later) > _LATER:
                        keep.partial = "size"
                        later.pop()
                if deadline.passed():
                    break
            between()
            if deadline.passed():
                return keep.result(read, "time")
    for reach in REACHES[1:]:
        later = [(hit, bounds) for hit, bounds in later if not deadline.passed() and look(hit, bounds, reach)]
        between()
    return keep.result(read, "time" if deadline.passed() else keep.partial)


def _pattern(jids: Collection[str]) -> re.Pattern[bytes]:
    """The key with one of these jids, as it is or within a string; group 1 is the backslash of the latter, group 2 the jid."""
    # Patterns are kept by `re`, hundreds of them; those of earlier requests are of no use.
    re.purge()
    space = rb"[ \t\r\n]{0,8}"
    return re.compile(rb'"jid(\\?)"' + space + b":" + space + rb'\\?"(' + _any_of(sorted({jid.encode() for jid in jids})) + rb')\\?"')


def _any_of(words: list[bytes]) -> bytes:
    """A pattern for one of these sorted words that tries each letter once, however many words begin with it."""
    if len(words) == 1:
        return re.escape(words[0])
    branches = [(head, [word[1:] for word in group]) for head, group in groupby(words, lambda word: word[:1])]
    return b"(?:" + b"|".join(re.escape(head) + _any_of(tails) if head else b"" for head, tails in branches) + b")"


def regions(maps: bytes) -> Iterator[tuple[int, int]]:
    """First address and the one behind the last of what the process has written, from its maps file (proc(5)); neighbours are one."""
    start = end = 0
    for match in _MAPPING.finditer(maps):
        if match[3].startswith(b"/dev/"):
            continue
        low, high = int(match[1], 16), int(match[2], 16)
        if low == end:
            end = high
            continue
        if end > start:
            yield start, end
        start, end = low, high
    if end > start:
        yield start, end


def _pieces(pid: int, bounds: tuple[int, int], buffer: bytearray) -> Iterator[tuple[int, int, int]]:
    """
    Read a region through the buffer: address and size of each piece, and up to where hits count; one behind that is seen whole
    in the next piece, which begins there. Pages that can't be read are passed over.
    """
    address, end = bounds
    while address < end:
        wanted = min(len(buffer), end - address)
        size = kernel.read_into(buffer, pid, address, wanted)
        if size < wanted:
            if size:
                yield address, size, size
            address = (address + size) // kernel.PAGE * kernel.PAGE + kernel.PAGE
            continue
        last = address + size >= end
        until = size if last else size - _OVERLAP
        yield address, size, until
        address += until


class _Keep:
    """Copies by jid and by what they say, and what quotes them."""

    def __init__(self) -> None:
        self.partial = ""
        self._counts: dict[tuple[str, bytes], Counter[Form]] = {}
        self._quotations: set[tuple[str, bytes]] = set()

    def add(self, copy: Copy) -> None:
        key = copy.jid, copy.payload
        if copy.form is Form.QUOTED:
            if self._has_room(self._quotations, copy, LARGEST):
                self._quotations.add(key)
        elif key in self._counts or self._has_room(self._counts, copy, LARGEST_ALL):
            self._counts.setdefault(key, Counter())[copy.form] += 1

    def result(self, read: int, partial: str) -> Search:
        quoted = {(jid, said) for jid, said in self._counts if any(jid == whose and said in text for whose, text in self._quotations)}
        found = (Found(*key, counts[Form.RAW], counts[Form.EMBEDDED]) for key, counts in self._counts.items() if key not in quoted)
        return Search(tuple(found), len(quoted), read, partial)

    def _has_room(self, kept: Collection[tuple[str, bytes]], copy: Copy, most: int) -> bool:
        if sum(jid == copy.jid for jid, _ in kept) < COPIES and sum(len(said) for _, said in kept) + len(copy.payload) <= most:
            return True
        self.partial = "size"
        return False
