"""
What lies unread in a connection with Redis, as far as it answers Sidekiq's own fetch (BRPOP): a queue, and the job taken from it.

Reads RESP2 and RESP3 from the beginning, reply by reply; only a reply at the top level counts, whatever the text within another one looks like.
"""

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import Final, NamedTuple

_LINE: Final = re.compile(rb"([^\r\n]{0,64})\r\n")
_LONG_LINE: Final = re.compile(rb"[^\r\n]*\r\n")
_NUMBER: Final = re.compile(rb"(?:0|-?[1-9][0-9]{0,9})\Z")
_SIMPLE: Final = b"+-:_#,("
_BULK: Final = b"$!="
_AGGREGATES: Final = {b"*"[0]: 1, b"~"[0]: 1, b">"[0]: 1, b"%"[0]: 2}
_KEY: Final = re.compile(rb"(?:.*:)?queue:(.+)\Z", re.DOTALL)
_TLS: Final = re.compile(rb"[\x14-\x17]\x03[\x00-\x04]")
_FETCH_BEGUN: Final = re.compile(rb"\*2\r\n\$[0-9]{1,4}\r\n(?:[^\r\n]*:)?queue:")


class Rest(Enum):
    """What follows the last whole reply."""

    NOTHING = auto()
    CUT_FETCH = auto()
    """A reply to a fetch of which the end is still with Redis."""
    CUT = auto()
    """Another reply that is not whole."""
    FOREIGN = auto()
    """No RESP, or what is left of a reply that the process has half read."""
    ENCRYPTED = auto()
    """Records of TLS: whether there is a job in them can't be told."""


class Fetched(NamedTuple):
    """A job that Redis has given away: the name of the queue without namespace, and the payload as it came."""

    queue: bytes
    payload: bytes


class _CutError(Exception):
    """The bytes end within a reply."""


class _ForeignError(Exception):
    """These bytes are no reply."""


def fetched(data: bytes) -> tuple[tuple[Fetched, ...], Rest]:
    """The jobs in the unread bytes of a connection, in order, and what follows the last whole reply."""
    jobs: list[Fetched] = []
    position = 0
    while position < len(data):
        try:
            end = _skip(data, position)
        except _CutError:
            return tuple(jobs), Rest.CUT_FETCH if _FETCH_BEGUN.match(data, position) else Rest.CUT
        except _ForeignError:
            return tuple(jobs), Rest.ENCRYPTED if position == 0 and _TLS.match(data) else Rest.FOREIGN
        jobs.extend(_fetch(data, position, end))
        position = end
    return tuple(jobs), Rest.NOTHING


def _fetch(data: bytes, start: int, end: int) -> Iterator[Fetched]:
    if not data.startswith(b"*2\r\n$", start):
        return
    key, place = _bulk(data, start + 4)
    if data[place : place + 1] != b"$":
        return
    payload, place = _bulk(data, place)
    found = _KEY.match(key or b"")
    if found and payload is not None and place == end:
        yield Fetched(found[1], payload)


def _skip(data: bytes, position: int) -> int:
    """The place behind the reply that begins there."""
    left = 1
    while left:
        left -= 1
        kind = data[position : position + 1]
        if not kind:
            raise _CutError
        if kind in _BULK:
            _, position = _bulk(data, position)
        elif kind in _SIMPLE:
            position = _line(data, position, _LONG_LINE)[1]
        elif kind[0] in _AGGREGATES:
            line, position = _line(data, position + 1, _LINE)
            left += max(0, _number(line)) * _AGGREGATES[kind[0]]
        else:
            raise _ForeignError
    return position


def _bulk(data: bytes, position: int) -> tuple[bytes | None, int]:
    """A bulk string, None for the null of RESP2, and the place behind it."""
    line, position = _line(data, position + 1, _LINE)
    size = _number(line)
    if size < 0:
        return None, position
    end = position + size
    if len(data) < end + 2:
        raise _CutError
    if data[end : end + 2] != b"\r\n":
        raise _ForeignError
    return data[position:end], end + 2


def _line(data: bytes, position: int, form: re.Pattern[bytes]) -> tuple[bytes, int]:
    found = form.match(data, position)
    if found is not None:
        return found[0][:-2], found.end()
    rest = data[position:]
    if b"\n" in rest[:-1] or (form is _LINE and len(rest) > 66):
        raise _ForeignError
    raise _CutError


def _number(line: bytes) -> int:
    if not _NUMBER.match(line):
        raise _ForeignError
    return int(line)
