"""
One stream: a task that writes what is new to one reader, at the reader's pace.

Nothing is written before the reader has taken what was written before, and nothing is kept for it: it has its place in the ring. If that falls too far behind (the hub sees to it), or the reader takes nothing
for too long, the connection is cut. It comes again by itself and says what it had last.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Final

from aiohttp import web

from watchdog.web.stream.hub import Hub

PATIENCE: Final = 10.0
"""Seconds for which a reader may take nothing of what was written."""
AT_A_TIME: Final = 16_384
"""Bytes that are written at a time."""
KERNEL: Final = 32_768
"""Bytes of each stream that the kernel may hold; it doubles that for its own needs."""
RETRY: Final = b"retry: 3000\n\n"
"""How long a browser waits before it comes again, in milliseconds."""


async def serve(
    request: web.Request, hub: Hub, *, patience: float = PATIENCE, may: Callable[[], bool] = lambda: True
) -> web.StreamResponse:
    """Answers the request with the stream, until the reader goes, is dropped, may not look any more, or the hub closes. Raises `TooManyError`."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"})
    transport = request.transport
    if transport is None:
        return response
    with hub.listening(transport.abort) as reader:
        writer = await response.prepare(request)
        assert writer is not None  # nobody has answered yet
        # Whatever the kernel does not take at once makes `drain` wait, and the kernel takes little.
        transport.set_write_buffer_limits(high=0)
        sock: socket.socket | None = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL)
        first, number = hub.begin(request.headers.get("Last-Event-ID", ""))
        reader.number = number
        data = RETRY + first
        while data:
            try:
                async with asyncio.timeout(patience):
                    await writer.write(data)
                    await writer.drain()
            except TimeoutError:
                hub.drop(reader)
                return response
            except ConnectionError:
                # It has gone, or was cut.
                return response
            reader.number = number
            await hub.more(number)
            if not may():
                return response
            sent = hub.ring.after(number, size=AT_A_TIME)
            data = b"".join(one.data for one in sent)
            number += len(sent)
        return response
