"""
The parts of a file of the trace: each with its length and its checksum, so that damage is found, named, and passed over.

A file only ever grows at its end. So what can't be read at its end was cut off there, by a crash or at this moment by the writer; what
can't be read with something readable behind it is damage.
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple
from zlib import crc32

CHECKPOINT: Final = b"C"
"""Kind of a part: a checkpoint, compressed by itself."""
FRESH: Final = b"F"
"""Events whose compression begins anew: they can be read without what stands before them."""
FOLLOWING: Final = b"E"
"""Events that are compressed together with those of the parts before, back to the last fresh one."""
_MAGIC: Final = b"\xabsw\x1e"
_HEAD: Final = struct.Struct("<4scQII")  # magic, kind, number of the first event, length of what follows, its checksum
_KINDS: Final = (CHECKPOINT, FRESH, FOLLOWING)


class Frame(NamedTuple):
    """One part; `offset` is where it begins in its file, `seq` the number of its first event (of a checkpoint: of the last one before)."""

    offset: int
    kind: bytes
    seq: int
    payload: memoryview


class Rubble(NamedTuple):
    """Bytes from `start` to `end` that are no part; `at_end`: nothing readable comes after them."""

    start: int
    end: int
    at_end: bool


def frame(kind: bytes, seq: int, payload: bytes) -> bytes:
    """A part as it is written."""
    return _HEAD.pack(_MAGIC, kind, seq, len(payload), _checksum(kind, seq, payload)) + payload


def frames(data: bytes, offset: int) -> Iterator[Frame | Rubble]:
    """The parts of a file from `offset` on, and what is none; never raises, whatever the bytes."""
    while offset < len(data):
        found = _frame_at(data, offset)
        if found is not None:
            yield found
            offset += _HEAD.size + len(found.payload)
            continue
        start, found = offset, None
        while found is None and (offset := data.find(_MAGIC, offset + 1)) >= 0:
            found = _frame_at(data, offset)
        if found is None:
            yield Rubble(start, len(data), at_end=True)
            return
        yield Rubble(start, offset, at_end=False)


def _frame_at(data: bytes, offset: int) -> Frame | None:
    if len(data) - offset < _HEAD.size:
        return None
    magic, kind, seq, length, checksum = _HEAD.unpack_from(data, offset)
    begin = offset + _HEAD.size
    if magic != _MAGIC or kind not in _KINDS or length > len(data) - begin:
        return None
    payload = memoryview(data)[begin : begin + length]
    return Frame(offset, kind, seq, payload) if _checksum(kind, seq, payload) == checksum else None


def _checksum(kind: bytes, seq: int, payload: bytes | memoryview) -> int:
    return crc32(payload, crc32(kind + seq.to_bytes(8, "little")))
