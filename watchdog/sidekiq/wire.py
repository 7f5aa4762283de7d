"""
One connection to Redis on which requests, replies and pushed messages share a line.

The counterpart of `redis.asyncio`, which serves everything that asks and waits: a follower must hear
what Redis pushes at any moment, keep many questions under way, and know exactly what failed. Replies
are parsed by hiredis. It knows nothing of Sidekiq.
"""

import asyncio
import ssl
from collections import Counter, deque
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Final, cast

import hiredis

from watchdog.sidekiq.address import Address
from watchdog.sidekiq.cost import Spent
from watchdog.sidekiq.failures import ServerError, SourceUnavailableError, from_exception, from_reply, unavailable

Command = tuple[bytes | str | int, ...]
"""One command with its arguments."""
Reply = Any
"""Whatever the server answered: bytes, int, float, bool, None, list, dict, or a `ServerError`."""

ANSWER_WITHIN: Final = 3.0
"""Seconds after which a server that says nothing counts as lost."""
_NOT_ENOUGH: Final = object()
_FIRST: Final = itemgetter(0)


class Request:
    """Commands under way, and the replies that have come so far."""

    __slots__ = ("done", "replies", "wanted")

    def __init__(self, wanted: int, done: "asyncio.Future[list[Reply]]") -> None:
        self.wanted = wanted
        self.done = done
        self.replies: list[Reply] = []


class Wire(asyncio.Protocol):
    """
    An open connection. `ended` is done with the reason when it is no longer of use.

    `on_push` gets each pushed message as a list, while it is being read: it must be quick and must not raise.
    `speaks_resp3` is set by whoever has greeted the server: without RESP3 nothing is ever pushed.
    """

    def __init__(self, where: str, on_push: Callable[[list[Reply]], None], *, answer_within: float) -> None:
        self.where = where
        self.speaks_resp3 = False
        self.ended: asyncio.Future[SourceUnavailableError] = asyncio.get_running_loop().create_future()
        self.commands = 0
        self.round_trips = 0
        self.pushes = 0
        self._bytes_out = 0
        self._bytes_in = 0
        self._calls: Counter[bytes | str | int] = Counter()
        self._on_push = on_push
        self._answer_within = answer_within
        self._reader = hiredis.Reader(replyError=ServerError, notEnoughData=_NOT_ENOUGH)
        self._under_way: deque[Request] = deque()
        self._heard_at = 0.0
        self._transport: asyncio.WriteTransport | None = None  # None only until `connection_made`

    async def ask(self, commands: Sequence[Command]) -> list[Reply]:
        """
        Send commands in one go and wait for all their replies, which come in the same order.

        Error replies stand among them as `ServerError`. Raises `SourceUnavailableError` if the connection
        has ended, or if the server says nothing at all for too long; a slow connection on which something comes is waited for.
        """
        if self.ended.done():
            failed = self.ended.result()
            raise SourceUnavailableError(failed.code, failed.message)
        loop = asyncio.get_running_loop()
        request = Request(len(commands), loop.create_future())
        self._under_way.append(request)
        self.commands += len(commands)
        self.round_trips += 1
        self._calls.update(map(_FIRST, commands))
        self._write(b"".join(map(_pack, commands)))
        asked_at = loop.time()
        try:
            while not (await asyncio.wait((request.done,), timeout=self._answer_within))[0]:
                if loop.time() - max(asked_at, self._heard_at) >= self._answer_within:
                    raise unavailable("timeout", self.where)
            return request.done.result()
        finally:
            # Nobody waits any more; the replies that still come are counted off and thrown away.
            request.done.cancel()

    def spent(self) -> Spent:
        """What went over this connection so far."""
        return Spent(
            commands=self.commands,
            round_trips=self.round_trips,
            pushes=self.pushes,
            bytes_out=self._bytes_out,
            bytes_in=self._bytes_in,
            calls={str(name).lower(): count for name, count in self._calls.items()},
        )

    def close(self) -> None:
        """End the connection; whoever still waits is told."""
        self._end(unavailable("reset", self.where))

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Take in what has come, and hand out every reply and push that is complete."""
        self._heard_at = asyncio.get_running_loop().time()
        self._bytes_in += len(data)
        self._reader.feed(data)
        while not self.ended.done():
            try:
                reply = self._reader.gets()
            except (hiredis.HiredisError, TypeError, UnicodeDecodeError, MemoryError):
                # TypeError: a map whose keys can't be keys; MemoryError: a list of so many elements that nothing could hold it. No Redis sends either.
                self._end(unavailable("protocol", self.where))
                return
            if reply is _NOT_ENOUGH:
                return
            self._hand_out(reply)

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side, or the network, has ended it."""
        self._end(unavailable("reset", self.where) if exc is None else from_exception(exc, self.where))

    def _write(self, data: bytes) -> None:
        self._bytes_out += len(data)
        if self._transport is not None:
            self._transport.write(data)

    def _hand_out(self, reply: Reply) -> None:
        if isinstance(reply, hiredis.PushNotification):
            self.pushes += 1
            self._on_push(reply)
            return
        if not self._under_way:
            # A server that refuses a connection says so before it was asked anything.
            self._end(_unasked(reply, self.where))
            return
        request = self._under_way[0]
        request.replies.append(reply)
        if len(request.replies) == request.wanted:
            self._under_way.popleft()
            if not request.done.done():
                request.done.set_result(request.replies)

    def _end(self, reason: SourceUnavailableError) -> None:
        if self.ended.done():
            return
        self.ended.set_result(reason)
        if self._transport is not None:
            self._transport.abort()
        while self._under_way:
            request = self._under_way.popleft()
            if not request.done.done():
                request.done.set_exception(SourceUnavailableError(reason.code, reason.message))


def _pack(command: Command) -> bytes:
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]  # its stub means a tuple of any length
    return packed


def _unasked(reply: Reply, where: str) -> SourceUnavailableError:
    return from_reply(reply, where) if isinstance(reply, ServerError) else unavailable("protocol", where)


async def open_wire(address: Address, on_push: Callable[[list[Reply]], None], *, answer_within: float = ANSWER_WITHIN) -> Wire:
    """Connect, nothing more; raises `SourceUnavailableError`."""
    loop = asyncio.get_running_loop()
    context = _tls(address)

    def wire() -> Wire:
        return Wire(address.where, on_push, answer_within=answer_within)

    try:
        async with asyncio.timeout(answer_within):
            if address.path:
                _, made = await loop.create_unix_connection(wire, address.path)
            else:
                _, made = await loop.create_connection(wire, address.host, address.port, ssl=context)
    except (OSError, TimeoutError) as error:
        raise from_exception(error, address.where) from error
    except ValueError as error:
        # A host name that can't be one, or a path with a NUL in it.
        raise unavailable("name", address.where) from error
    return made


def _tls(address: Address) -> ssl.SSLContext | None:
    try:
        return address.tls.context() if address.tls else None
    except OSError as error:
        raise unavailable("tls", address.where, "the certificate files of the URL can't be used") from error
