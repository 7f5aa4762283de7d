"""
One stream: a task that writes what is new to one reader, at the reader's pace.

Nothing is written before the reader has taken what was written before, and nothing is kept for it: it has its place in the ring, and if that falls too far behind, or the reader takes nothing for
too long, the connection is cut. It comes again by itself and says what it had last.
"""

import asyncio
from typing import Final

from aiohttp import web

from watchdog.web.stream.hub import Hub

MOST_BEHIND: Final = 256
"""Events that a reader may be behind."""
PATIENCE: Final = 10.0
"""Seconds for which a reader may take nothing of what was written."""
AT_A_TIME: Final = 16_384
"""Bytes that are written at a time."""
RETRY: Final = b"retry: 3000\n\n"
"""How long a browser waits before it comes again, in milliseconds."""


async def serve(request: web.Request, hub: Hub, *, patience: float = PATIENCE, behind: int = MOST_BEHIND) -> web.StreamResponse:
    """Answers the request with the stream, until the reader goes, is dropped, or the hub closes. Raises `TooManyError`."""
    with hub.listening():
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"})
        writer = await response.prepare(request)
        transport = request.transport
        if writer is None or transport is None:
            return response
        # Whatever the kernel does not take at once makes `drain` wait.
        transport.set_write_buffer_limits(high=0)
        first, number = hub.begin(request.headers.get("Last-Event-ID", ""))
        data = RETRY + first
        while data:
            try:
                async with asyncio.timeout(patience):
                    await writer.write(data)
                    await writer.drain()
            except TimeoutError:
                return _dropped(response, transport, hub)
            except ConnectionError:
                return response
            if number >= hub.ring.last and hub.closed:
                return response
            await hub.more(number)
            if hub.ring.last - number > behind or not hub.ring.has_all_after(number):
                return _dropped(response, transport, hub)
            sent = hub.ring.after(number, size=AT_A_TIME)
            data = b"".join(one.data for one in sent)
            number += len(sent)
        return response


def _dropped(response: web.StreamResponse, transport: asyncio.Transport, hub: Hub) -> web.StreamResponse:
    hub.dropped += 1
    transport.abort()
    return response
