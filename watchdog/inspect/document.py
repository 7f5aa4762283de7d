"""
One JSON object in the middle of other bytes: where it ends, and what its top level says.

Reads strictly (RFC 8259) and builds nothing, so that a large payload costs no memory. What lies in the arguments of a job, however much it looks
like a job, is not its top level. The counterpart of `copies.py`, which knows where to begin.
"""

import json
import re
from enum import Enum, auto
from typing import Final, NamedTuple

from watchdog.inspect.deadline import Deadline

SPACE: Final = b" \t\r\n"
_DEEPEST: Final = 100  # Ruby's JSON.parse goes no deeper, so Sidekiq could not read it either
_ESCAPE: Final = rb'\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})'
_SCALAR: Final = rb"(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)"
_WS: Final = rb"[ \t\r\n]*"
_TOKEN: Final = re.compile(_WS + rb"(?:(" + _SCALAR + rb')|(["{}\[\],:]))')
# Where a group is repeated, the memory of `re` grows with the number of repeats; so that is bounded. (Possessive repeats, which need none, are wrong
# before Python 3.11.5.) Nothing here can be matched in two ways, so a failure takes no longer than a match.
_TEXT: Final = re.compile(rb'(?:[^"\\\x00-\x1f]+|' + _ESCAPE + rb"){1,1000}")
_ELEMENT: Final = rb'(?:"[^"\\\x00-\x1f]{0,100}(?:' + _ESCAPE + rb'[^"\\\x00-\x1f]{0,100}){0,100}"|' + _SCALAR + rb")"
_MEMBER: Final = _WS + rb'"[^"\\\x00-\x1f]{0,100}"' + _WS + rb":" + _WS + _ELEMENT + _WS
_FLAT: Final = rb"(?:" + _ELEMENT + rb"|\{(?:" + _MEMBER + rb"(?:," + _MEMBER + rb"){0,50}|" + _WS + rb")\}|\[" + _WS + rb"\])"
_ELEMENTS: Final = re.compile(rb"(?:" + _WS + _FLAT + _WS + rb",){1,1000}")
_BEGUN: Final = re.compile(_WS + rb"[-+.0-9eEa-z]*\Z")
_ESCAPE_BEGUN: Final = re.compile(rb"\\(?:u[0-9A-Fa-f]{0,3})?\Z")
_EVERY: Final = 4096  # tokens between two looks at the clock


class Expected(Enum):
    """What may come next."""

    FIRST_KEY = auto()
    KEY = auto()
    COLON = auto()
    FIRST_VALUE = auto()
    VALUE = auto()
    COMMA = auto()


class Document(NamedTuple):
    """
    A whole object: `end` is the place behind it, `jids` what its own "jid" says, once for each time that the key stands there.

    `is_job` if it has a class and arguments as a job has them.
    """

    end: int
    jids: tuple[str, ...]
    is_job: bool

    def is_of(self, jid: str) -> bool:
        """Whether it is the payload of just this job."""
        return self.is_job and set(self.jids) == {jid}


class Cut(Enum):
    """There is no telling: the bytes, or the time, ended before the object did."""

    BYTES = auto()
    TIME = auto()


class _Reading:
    """How far an object was read: where, within which brackets, what may come next, and what its top level has said."""

    def __init__(self, start: int) -> None:
        self.position = start
        self._open = [b"{"]
        self._expected = Expected.FIRST_KEY
        self._key: str | None = None
        self._jids: list[str | None] = []
        self._has_class = self._has_arguments = False

    def pass_elements(self, data: bytes | bytearray) -> None:
        """Pass over simple elements of a list that are followed by more, at once: one by one they would take twenty times as long."""
        if self._open[-1] == b"[" and self._expected in {Expected.FIRST_VALUE, Expected.VALUE}:
            elements = _ELEMENTS.match(data, self.position)
            if elements is not None:
                self.position, self._expected = elements.end(), Expected.VALUE

    def take(self, token: bytes) -> bool:
        """Take in the next token; whether it may stand there. After the last one, `document` tells what was read."""
        match self._expected, token[:1]:
            case ((Expected.FIRST_KEY | Expected.KEY), b'"'):
                self._expected = Expected.COLON
                if len(self._open) == 1:
                    self._key = text(token)
                return True
            case Expected.COLON, b":":
                self._expected = Expected.VALUE
                return True
            case Expected.COMMA, b",":
                self._expected = Expected.KEY if self._open[-1] == b"{" else Expected.VALUE
                return True
            case ((Expected.COMMA | Expected.FIRST_KEY), b"}"):
                return self._close(b"{")
            case ((Expected.COMMA | Expected.FIRST_VALUE), b"]"):
                return self._close(b"[")
            case ((Expected.FIRST_VALUE | Expected.VALUE), first) if first not in {b"]", b"}", b",", b":"}:
                return self._value(token, first)
        return False

    def document(self) -> Document | None:
        """What was read; None if its jid is no text."""
        jids = tuple(jid for jid in self._jids if jid is not None)
        return Document(self.position, jids, self._has_class and self._has_arguments) if len(jids) == len(self._jids) else None

    @property
    def is_whole(self) -> bool:
        """Whether the last bracket is closed."""
        return not self._open

    def _value(self, token: bytes, first: bytes) -> bool:
        if len(self._open) == 1:
            match self._key:
                case "jid":
                    self._jids.append(text(token))
                case "class":
                    self._has_class = first == b'"'
                case "args":
                    self._has_arguments = first == b"["
        if first in {b"{", b"["}:
            self._open.append(first)
            self._expected = Expected.FIRST_KEY if first == b"{" else Expected.FIRST_VALUE
            return len(self._open) <= _DEEPEST
        self._expected = Expected.COMMA
        return True

    def _close(self, opened: bytes) -> bool:
        self._expected = Expected.COMMA
        return self._open.pop() == opened


def document_at(data: bytes | bytearray, start: int, deadline: Deadline) -> Document | Cut | None:
    """The object that begins just there; None if what begins there is no JSON object, or its jid no text."""
    if data[start : start + 1] != b"{":
        return None
    reading, seen = _Reading(start + 1), 0
    while not reading.is_whole:
        seen += 1
        if seen % _EVERY == 0 and deadline.passed():
            return Cut.TIME
        reading.pass_elements(data)
        found = _TOKEN.match(data, reading.position)
        if found is None:
            return Cut.BYTES if _BEGUN.match(data, reading.position) else None
        token, reading.position = found[found.lastindex or 0], found.end()
        if token == b'"':
            end = string_end(data, found.end() - 1, deadline)
            if not isinstance(end, int):
                return end
            token, reading.position = bytes(data[found.end() - 1 : end]), end
        if not reading.take(token):
            return None
    return reading.document()


def string_end(data: bytes | bytearray, start: int, deadline: Deadline) -> int | Cut | None:
    """The place behind the JSON string that begins just there; None if none does."""
    position = start + 1
    while (found := _TEXT.match(data, position)) is not None:
        position = found.end()
        if deadline.passed():
            return Cut.TIME
    match bytes(data[position : position + 1]):
        case b'"':
            return position + 1
        case b"":
            return Cut.BYTES
        case b"\\" if _ESCAPE_BEGUN.match(data, position):
            return Cut.BYTES
    return None


def text(literal: bytes | bytearray) -> str | None:
    """What a JSON string says; None if it is none, or no text that can be written as UTF-8."""
    try:
        said = json.loads(literal)
        if isinstance(said, str):
            said.encode()
            return said
    except ValueError:
        pass
    return None
