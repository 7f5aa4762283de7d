"""A booted machine with systemd, and units of it as the agent follows them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import msgspec
import pytest
import redis.asyncio

from tests.patience import PATIENCE
from tests.suites.booted import Booted, boot
from watchdog.clock import Clock
from watchdog.host.systemd.watch import Units
from watchdog.model.events import Body, Delta, Gone, Observed, SourceBack, SourceLost
from watchdog.model.kinds import Kind

NEEDS = ("systemd-nspawn", "mount", "trixie-systemd")
"""For everything here."""


class Followed:
    """Units as they are told, and all that was told."""

    def __init__(self, bus: str, *, patterns: tuple[str, ...] = ("mastodon-sidekiq*",), own: str = "") -> None:
        self.clock = Clock()
        self.bodies: list[Body] = []
        self.picture: dict[str, dict[str, Any]] = {}
        self.history: list[tuple[str, dict[str, Any]]] = []
        self._moved = asyncio.Event()
        self.units = Units(patterns, clock=self.clock, emit=self._take, own=own, where=bus)
        self.task = asyncio.create_task(self.units.run())

    def _take(self, body: Body) -> None:
        self.bodies.append(body)
        for change in body.changes if isinstance(body, Observed) else ():
            assert change.kind is Kind.UNIT
            match change:
                case Delta(id=name, fields=fields):
                    self.picture.setdefault(name, {}).update(fields)
                    self.history.append((name, fields))
                case Gone(id=name):
                    del self.picture[name]
        self._moved.set()

    async def until(self, wanted: Callable[[], Any], *, within: float = PATIENCE) -> Any:
        """Wait until it is so, looking whenever something was told; what it then is."""
        async with asyncio.timeout(within):
            while not (seen := wanted()):
                self._moved.clear()
                await self._moved.wait()
        return seen

    async def begun(self) -> None:
        """Until everything was read for the first time."""
        await self.until(lambda: any(isinstance(body, Observed) and body.complete for body in self.bodies))

    async def reaches(self, name: str, /, **readings: Any) -> dict[str, Any]:
        """Until these readings are told of a unit, None for one that is not known; all that is known of it then."""

        def is_there() -> dict[str, Any] | None:
            unit = self.picture.get(name)
            return unit if unit is not None and all(unit.get(slot) == value for slot, value in readings.items()) else None

        try:
            return await self.until(is_there)
        except TimeoutError:
            raise AssertionError(f"{name} did not reach {readings}: {self.picture.get(name)}") from None

    @property
    def outages(self) -> list[Body]:
        """What was said of the source itself."""
        return [body for body in self.bodies if isinstance(body, SourceLost | SourceBack)]

    async def close(self) -> None:
        """End it."""
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task


def with_users(booted: Booted) -> None:
    """Those whom tests there run things as."""
    booted.run("useradd", "--system", "--groups", "systemd-journal", "sidekiq-watchdog")
    booted.run("useradd", "--system", "stranger")
    booted.run("useradd", "--system", "mastodon")


@pytest.fixture(scope="session")
def machine() -> Iterator[Booted]:
    """One machine for all tests; each uses units of its own."""
    with boot() as booted:
        with_users(booted)
        yield booted


@pytest.fixture
def lent(machine: Booted) -> Booted:
    """That machine, if it can run this one's Python."""
    if why := machine.why_no_python():
        pytest.skip(f"this machine's Python does not run in the suite: {why}")
    return machine


class RedisInside(msgspec.Struct, frozen=True):
    """An empty Redis of that machine: by `url` for what runs there, by `client` for the test."""

    url: str
    client: redis.asyncio.Redis


@contextlib.asynccontextmanager
async def redis_in(machine: Booted, until: Callable[..., Any]) -> AsyncIterator[RedisInside]:
    """One that runs on that machine for as long as this lasts."""
    name, path = "redis-of-a-test.service", "/run/redis-of-a-test/redis.sock"
    command = f"/usr/bin/redis-server --port 6400 --unixsocket {path} --unixsocketperm 777 --save '' --daemonize no"
    machine.unit(name, service(command, RuntimeDirectory="redis-of-a-test"))
    machine.run("systemctl", "start", name)
    client = redis.asyncio.Redis(unix_socket_path=str(machine.root / path.lstrip("/")))

    async def answers() -> bool:
        with contextlib.suppress(redis.exceptions.ConnectionError):
            return bool(await client.ping())
        return False

    await until(answers)
    try:
        yield RedisInside("redis://127.0.0.1:6400/0", client)
    finally:
        await client.aclose()
        machine.run("systemctl", "stop", name)


@pytest.fixture
async def redis_inside(machine: Booted, until: Callable[..., Any]) -> AsyncIterator[RedisInside]:
    """One of this test alone; it goes with the test."""
    async with redis_in(machine, until) as inside:
        yield inside


@pytest.fixture
async def followed(machine) -> AsyncIterator[Followed]:
    """The units of that machine, once they have been read."""
    one = Followed(machine.bus)
    await one.begun()
    yield one
    await one.close()


SERVICE = """\
[Unit]
StartLimitIntervalSec=0
{unit}
[Service]
ExecStart={start}
{service}
"""


def service(start: str = "/bin/sleep 1000", *, unit: str = "", **settings: str) -> str:
    """The text of a unit."""
    return SERVICE.format(start=start, unit=unit, service="\n".join(f"{key}={value}" for key, value in settings.items()))


SLOW = service(
    "/bin/sh -c 'trap : TERM; systemd-notify --ready; while :; do sleep 0.1; done'", Type="notify", NotifyAccess="all", TimeoutStopSec="60"
)
"""Does not heed TERM from the moment on in which it has started."""
