"""
The payload around a place in memory where a wanted jid stands, byte for byte as Redis held it.

It is looked for in two forms: as it is (what Sidekiq fetched, and holds while it runs the job), and as a string within an entry of the work
hash (what its heart sends). Either way it must be whole, strict JSON, a job, and bear the wanted jid at its own top level: a jid that stands in
the arguments of another job finds nothing, however much these arguments look like a job.
"""

import re
from collections.abc import Callable
from enum import Enum, auto
from typing import Final, NamedTuple

from watchdog.inspect.deadline import Deadline
from watchdog.inspect.document import SPACE, Cut, Document, document_at, string_at, text

LARGEST: Final = 8 * 2**20
"""Bytes of the largest payload that is found."""
REACHES: Final = (2**14, 2**20, LARGEST)
"""Bytes that are read before and behind a hit, one try after the other."""
_TRIES: Final = 64  # beginnings that are tried; more than a few come only of arguments made to look like beginnings
_KEY: Final = b'"payload":"'
_BEFORE: Final = re.compile(rb'\{"queue":"(?:[^"\\\x00-\x1f]|\\.){1,512}",\Z')
_BEHIND: Final = re.compile(rb',"run_at":[0-9]{1,16}(?:\.[0-9]{1,16})?\}')
_MARGIN: Final = 4096  # bytes of white space beyond which nothing is made of what stands there
_EVERY: Final = 1024  # braces between two looks at the clock


class Form(Enum):
    """How a payload lay in memory."""

    RAW = auto()
    EMBEDDED = auto()


class Hit(NamedTuple):
    """A place where `"jid"` and one of the wanted ones stand; `escaped` if as text within a string."""

    address: int
    jid: str
    escaped: bool


class Copy(NamedTuple):
    """A payload that was found."""

    jid: str
    payload: bytes
    form: Form


class More(Enum):
    """There is no telling yet: with more bytes around the hit, or with more time."""

    BYTES = auto()
    TIME = auto()


def copy_around(
    hit: Hit, read: Callable[[int, int], bytearray], reach: int, bounds: tuple[int, int], deadline: Deadline
) -> Copy | More | None:
    """
    The payload around a hit within `reach` bytes to both sides; None if there is none for this jid.

    `read` gives up to so many bytes from an address; `bounds` are of the memory that belongs together. An entry of the work hash is not
    looked for beyond the middle reach: what it would say lies there as it is, too.
    """
    if hit.escaped and reach > REACHES[1]:
        return None
    start, end = max(bounds[0], hit.address - reach), min(bounds[1], hit.address + reach)
    window = read(start, end - start)
    place = hit.address - start
    found = (_embedded if hit.escaped else _raw)(window, place, hit.jid, deadline, whole=start == bounds[0])
    if found is More.BYTES and (start, end) == bounds:
        return None
    return found


def _raw(window: bytearray, place: int, jid: str, deadline: Deadline, *, whole: bool) -> Copy | More | None:
    start = place
    for _ in range(_TRIES):
        start = _beginning(window, start, deadline, whole=whole)
        if start < 0:
            return More.TIME if deadline.passed() else More.BYTES
        match document_at(window, start, deadline):
            case Cut.TIME:
                return More.TIME
            case Cut.BYTES:
                return More.BYTES
            case Document() as found if found.end > place:
                # The hit lies within this object, so no other one can be meant.
                alone = window[found.end : found.end + _MARGIN].lstrip(SPACE)[:1] not in {b",", b"]", b"}"}
                return Copy(jid, bytes(window[start : found.end]), Form.RAW) if found.is_of(jid) and alone else None
    return None


def _beginning(window: bytearray, before: int, deadline: Deadline, *, whole: bool) -> int:
    """
    The last place before that one where an object may begin that lies in no other; -1 if there is none, or no time.

    Behind `[`, `,` or `:` begins what belongs to something larger. Chance puts one of these before a payload now and then, and then that
    copy is not seen; there are others.
    """
    seen = 0
    while (before := window.rfind(b"{", 0, before)) >= 0:
        seen += 1
        if seen % _EVERY == 0 and deadline.passed():
            return -1
        if window[before + 1 : before + 65].lstrip(SPACE)[:1] != b'"':
            continue
        if before == 0:
            return 0 if whole else -1
        if window[max(0, before - _MARGIN) : before].rstrip(SPACE)[-1:] not in {b"[", b",", b":", b""}:
            return before
    return -1


def _embedded(window: bytearray, place: int, jid: str, deadline: Deadline, *, whole: bool) -> Copy | More | None:
    # Within the string every quote is escaped, so these bytes can't stand in it.
    start = window.rfind(_KEY, 0, place)
    if start < 0:
        return None if whole else More.BYTES
    if not _BEFORE.search(window, max(0, start - 600), start):
        return None if whole or start >= 600 else More.BYTES
    literal = string_at(window, start + len(_KEY) - 1)
    if literal is None:
        return More.BYTES
    end = start + len(_KEY) - 1 + len(literal)
    if end <= place or not _BEHIND.match(window, end):
        return None
    payload = (text(literal) or "").encode()
    match document_at(payload, 0, deadline):
        case Cut.TIME:
            return More.TIME
        case Document() as found if found.end == len(payload) and found.is_of(jid):
            return Copy(jid, payload, Form.EMBEDDED)
    return None
