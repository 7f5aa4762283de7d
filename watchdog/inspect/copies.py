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
from watchdog.inspect.document import SPACE, Cut, Document, document_at, string_end, text

LARGEST: Final = 8 * 2**20
"""Bytes of the largest payload that is found."""
REACHES: Final = (2**14, 2**20, LARGEST)
"""Bytes that are read before and behind a hit, one try after the other."""
_TRIES: Final = 64  # beginnings that are tried; more than a few come only of arguments made to look like beginnings
_BACKSLASH: Final = ord("\\")
_BEFORE: Final = re.compile(rb'\{"queue":"(?:[^"\\\x00-\x1f]|\\.){1,512}","payload":\Z')
_BEHIND: Final = re.compile(rb',"run_at":[0-9]{1,16}(?:\.[0-9]{1,16})?\}')
_MARGIN: Final = 4096  # bytes of white space beyond which nothing is made of what stands there
_EVERY: Final = 1024  # braces between two looks at the clock


class Form(Enum):
    """How a payload lay in memory."""

    RAW = auto()
    EMBEDDED = auto()
    QUOTED = auto()
    """Not a payload: a text with the jid in it that some other document holds as a string. What looks like a payload and lies in it too, was made by it."""


class Hit(NamedTuple):
    """A place where `"jid"` and one of the wanted ones stand; `escaped` if as text within a string."""

    address: int
    jid: str
    escaped: bool


class Copy(NamedTuple):
    """What was found: a payload, or the whole text of a quotation."""

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
    whole = start == bounds[0]
    found = (_escaped if hit.escaped else _raw)(window, place, hit.jid, deadline, whole=whole)
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
                alone = bytes(window[found.end : found.end + _MARGIN].lstrip(SPACE)[:1]) not in {b",", b"]", b"}"}
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
        if bytes(window[max(0, before - _MARGIN) : before].rstrip(SPACE)[-1:]) not in {b"[", b",", b":", b""}:
            return before
    return -1


def _escaped(window: bytearray, place: int, jid: str, deadline: Deadline, *, whole: bool) -> Copy | More | None:
    start = place
    # Within a string every quote is escaped: the first one that is not begins it.
    while (start := window.rfind(b'"', 0, start)) > 0 and window[start - 1] == _BACKSLASH:
        pass
    if start < 0 or (start == 0 and not whole):
        return None if whole else More.BYTES
    match string_end(window, start, deadline):
        case Cut.TIME:
            return More.TIME
        case Cut.BYTES:
            return More.BYTES
        case int(end) if end > place:
            said = (text(window[start:end]) or "").encode()
        case _:
            return None
    if not (_BEFORE.search(window, max(0, start - 600), start) and _BEHIND.match(window, end)):
        return Copy(jid, said, Form.QUOTED)
    found = document_at(said, 0, deadline)
    return Copy(jid, said, Form.EMBEDDED) if isinstance(found, Document) and found.end == len(said) and found.is_of(jid) else None
