"""The event stream of the API, line by line (the HTML standard's "server-sent events"). The counterpart of `web/stream/`, which writes it."""

from collections.abc import AsyncIterable, AsyncIterator
from typing import Final

import msgspec

LONGEST: Final = 2**20
"""Bytes of an event at most: the agent's whole memory of them is that large."""


class Happened(msgspec.Struct, frozen=True):
    """One event: its `id`, to go on from, its kind (`event`), and its `data`, which is JSON."""

    id: str
    event: str
    data: bytes


async def happenings(pieces: AsyncIterable[bytes]) -> AsyncIterator[Happened]:
    """
    The events in it; comments and fields of a later version are passed over, and so is an event that was cut off by the end.

    Raises ValueError for an event that is longer than any of the agent's.
    """
    last = event = ""
    data: list[bytes] = []
    size = 0
    async for line in _lines(pieces):
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        match name:
            case b"" if not line:
                if data:
                    yield Happened(last, event or "message", b"\n".join(data))
                event, data, size = "", [], 0
            case b"id":
                last = value.decode("utf-8", "replace")
            case b"event":
                event = value.decode("utf-8", "replace")
            case b"data":
                data.append(value)
                size = _bounded(size + len(value))
            case _:
                pass


async def _lines(pieces: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Those that have an end, without it."""
    rest = bytearray()
    async for piece in pieces:
        rest += piece
        *whole, left = rest.split(b"\n")
        for line in whole:
            yield bytes(line).removesuffix(b"\r")
        _bounded(len(left))
        rest = left


def _bounded(size: int) -> int:
    if size > LONGEST:
        raise ValueError("an event that is longer than any of the agent's")
    return size
