"""
Real servers for tests: a `redis-server` of one's own, and Debian's real Sidekiq on it.

Every server belongs to one test, lives in its temporary folder, dies with it, and is ended by its
own pid. Nothing here ever touches a Redis that was already there.
"""

import asyncio
import contextlib
import ctypes
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson
import pytest
import redis.asyncio

from tests.patience import PATIENCE
from tests.ports import free_port
from watchdog.clock import Clock
from watchdog.model.events import Body, Delta, Gone, Observed
from watchdog.sidekiq.follow import Follower

T = TypeVar("T")

# asyncio makes a loop of its own when it is first asked for one, and nobody ever closes that.
asyncio.set_event_loop(None)

APP: Final = Path(__file__).parent / "sidekiq_app" / "app.rb"
_LIBC: Final = ctypes.CDLL(None)
_PR_SET_PDEATHSIG: Final = 1


def _die_with_parent() -> None:
    """A test run that is killed must not leave servers behind."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


async def _eventually(ask: Callable[[], Awaitable[T]], *, within: float, what: Callable[[], str]) -> T:
    """The first true answer; the test fails with `what` if there is none within that many seconds."""
    deadline = time.monotonic() + within
    while not (answer := await ask()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited {within} s for {what()}")
        await asyncio.sleep(0.01)
    return answer


class Served:
    """A child process that is ended by its own pid."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @property
    def pid(self) -> int:
        """The process id of this run."""
        return self.process.pid

    @property
    def alive(self) -> bool:
        """It has not been seen to end."""
        return self.process.returncode is None

    def signal(self, number: int) -> None:
        """Send it a signal, if it still lives."""
        if self.alive:
            self.process.send_signal(number)

    async def wait_exit(self, timeout: float = PATIENCE) -> int:
        """Its exit status (negative: the signal that ended it); TimeoutError if it lives on."""
        return await asyncio.wait_for(self.process.wait(), timeout)

    async def kill(self) -> None:
        """End it at once, stopped or not."""
        self.signal(signal.SIGKILL)
        await self.process.wait()


class RedisServer:
    """
    A private redis-server: no persistence, on a unix socket and on a port of the loopback.

    `url` is that of the port, `unix_url` that of the socket; both stay the same over `stop` and `start`.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.options = options
        self.port = free_port()
        self.socket = folder / "redis.sock"
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.unix_url = f"unix://{self.socket}?db=0"
        self.log = folder / "redis.log"
        self._served: Served | None = None
        self._clients: list[redis.asyncio.Redis] = []

    @property
    def pid(self) -> int:
        """The process id of the server as it now runs."""
        assert self._served is not None, "the server is not running"
        return self._served.pid

    def client(self, **settings: Any) -> redis.asyncio.Redis:
        """A new client on the unix socket, closed at the end of the test; `redis.asyncio.Redis` takes the settings."""
        client = redis.asyncio.Redis(unix_socket_path=str(self.socket), **{"socket_timeout": None, **settings})
        self._clients.append(client)
        return client

    def command(self) -> list[str]:
        """The program with its arguments."""
        own = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "unixsocket": str(self.socket),
            "dir": str(self.folder),
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
            "enable-protected-configs": "yes",
        }
        return ["redis-server", *(part for name, value in own.items() for part in (f"--{name}", value)), *self.options]

    async def start(self) -> None:
        """Start it (empty) and wait until it answers."""
        self.socket.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *self.command(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,
            )
        self._served = Served(process)
        await _eventually(self._answers, within=PATIENCE, what=lambda: f"redis-server; its log:\n{self.log.read_text()}")

    async def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_unix_connection(self.socket)
            writer.write(b"PING\r\n")
            answer = await reader.readline()
            writer.close()
            await writer.wait_closed()
            return bool(answer)
        return False

    async def stop(self) -> None:
        """End it in good order, or by SIGKILL if it is paused or slow."""
        if self._served is not None:
            self._served.signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await self._served.wait_exit(2)
            await self._served.kill()
            self._served = None

    def pause(self) -> None:
        """SIGSTOP: connections stay open and nothing is answered."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT: it goes on as if nothing had happened."""
        os.kill(self.pid, signal.SIGCONT)

    async def close(self) -> None:
        """Everything at the end of the test."""
        for client in self._clients:
            with contextlib.suppress(redis.RedisError, OSError):
                await client.aclose()
        if self._served is not None:
            await self._served.kill()
            self._served = None


class SidekiqProcess(Served):
    """
    A real Sidekiq of whatever version this machine has. `log` is the path of its output.

    `identity` and `version` (that of its title: before 7.0.2 it reports none in Redis) are empty until its first beat was seen.
    """

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        super().__init__(process)
        self.log = log
        self.identity = ""
        self.version = ""

    @property
    def beat(self) -> int:
        """Seconds from one beat to the next: 10 from 7.0 on, 5 before (launcher.rb)."""
        return 10 if self._release >= (7,) else 5

    @property
    def work(self) -> str:
        """The key of its work hash, which has its present name from 6.4.2 on (launcher.rb)."""
        return f"{self.identity}:work" if self._release >= (6, 4, 2) else f"{self.identity}:workers"

    @property
    def reported(self) -> str:
        """The version that it reports in Redis, which it does from 7.0.2 on (launcher.rb)."""
        return self.version if self._release >= (7, 0, 2) else ""

    @property
    def _release(self) -> tuple[int, ...]:
        assert self.version, "no beat of it was seen yet"
        return tuple(int(part) for part in self.version.split("."))


class SidekiqFactory:
    """Starts Debian's Sidekiq on the test's Redis, as often as is wanted, with the application `app`."""

    def __init__(self, server: RedisServer, folder: Path, *, app: Path = APP) -> None:
        self.server = server
        self.folder = folder
        self.app = app
        self.started: list[SidekiqProcess] = []

    async def launch(
        self,
        queues: Sequence[str] = ("push",),
        *,
        concurrency: int = 5,
        timeout: int = 25,
        tag: str = "",
        env: dict[str, str] | None = None,
    ) -> SidekiqProcess:
        """Start one and do not wait: it is still booting."""
        log = self.folder / f"sidekiq-{len(self.started)}.log"
        served = [argument for queue in queues for argument in ("-q", queue)]
        named = ["-g", tag] if tag else []
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                "sidekiq",
                "-r",
                str(self.app),
                *served,
                *named,
                "-c",
                str(concurrency),
                "-t",
                str(timeout),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.folder,
                # A service has no terminal, wherever its tests were started.
                start_new_session=True,
                preexec_fn=_die_with_parent,
                env={**os.environ, "REDIS_URL": self.server.url, **(env or {})},
            )
        one = SidekiqProcess(process, log)
        self.started.append(one)
        return one

    async def start(
        self,
        queues: Sequence[str] = ("push",),
        *,
        concurrency: int = 5,
        timeout: int = 25,
        tag: str = "",
        env: dict[str, str] | None = None,
    ) -> SidekiqProcess:
        """Start one and wait until its first beat stands in Redis."""
        one = await self.launch(queues, concurrency=concurrency, timeout=timeout, tag=tag, env=env)
        client = self.server.client()

        async def beats() -> str:
            if not one.alive:
                pytest.fail(f"sidekiq ended with {one.process.returncode}:\n{one.log.read_text()}")
            members = [member.decode() for member in await client.smembers("processes")]
            mine = [member for member in members if member.rsplit(":", 2)[1] == str(one.pid)]
            return mine[0] if mine and await client.exists(mine[0]) else ""

        one.identity = await _eventually(
            beats, within=PATIENCE, what=lambda: f"the first beat of sidekiq; its output:\n{one.log.read_text()}"
        )
        # `sidekiq <version> <tag> [0 of 5 busy]`, set just before the first beat (launcher.rb).
        one.version = Path(f"/proc/{one.pid}/cmdline").read_text().split()[1]
        return one


@pytest.fixture
async def redis_server(tmp_path: Path) -> AsyncIterator[RedisServer]:
    """A running private Redis (see `RedisServer`). Mark the test with `needs("redis-server")`."""
    folder = tmp_path / "redis"
    folder.mkdir()
    server = RedisServer(folder)
    await server.start()
    yield server
    await server.close()


@pytest.fixture
async def sidekiq(redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[SidekiqFactory]:
    """Starts real Sidekiq processes (see `SidekiqFactory`). Mark the test with `needs("redis-server", "sidekiq")`."""
    folder = tmp_path / "sidekiq"
    folder.mkdir()
    factory = SidekiqFactory(redis_server, folder)
    yield factory
    for one in factory.started:
        await one.kill()


async def push_job(
    client: redis.asyncio.Redis, job_class: str, args: Sequence[object] = (), queue: str = "push", *, namespace: str = ""
) -> str:
    """Pushes a job as Sidekiq's own client does, and gives its jid."""
    prefix = f"{namespace}:" if namespace else ""
    jid = secrets.token_hex(12)
    now = time.time()
    payload = orjson.dumps(
        {"retry": True, "queue": queue, "class": job_class, "args": list(args), "jid": jid, "created_at": now, "enqueued_at": now}
    )
    async with client.pipeline(transaction=True) as pipeline:
        pipeline.sadd(f"{prefix}queues", queue)
        pipeline.lpush(f"{prefix}queue:{queue}", payload)
        await pipeline.execute()
    return jid


@pytest.fixture
def push() -> Callable[..., Awaitable[str]]:
    """
    What pushes jobs, as Sidekiq's own client does: `push_job`.

    `await push(client, "Sleep", [60], "push", namespace="mastodon")`.
    """
    return push_job


class Following:
    """A running follower and everything that it has said so far; `names` are the names that it takes: of the namespace, of the prefix."""

    def __init__(self, *, url: str, **settings: Any) -> None:
        self.said: list[Body] = []
        self.follower = Follower(url=url, clock=Clock(), emit=self._hear, **settings)
        self._heard = asyncio.Event()
        self._task = asyncio.create_task(self.follower.run())
        self._task.add_done_callback(lambda _: self._heard.set())

    def _hear(self, body: Body) -> None:
        self.said.append(body)
        self._heard.set()

    @property
    def changes(self) -> list[Delta | Gone]:
        """All changes of all that was observed, in order."""
        return [change for body in self.said if isinstance(body, Observed) for change in body.changes]

    def readings(self, entity: str) -> dict[str, Any]:
        """All readings of an entity as they now stand, by slot."""
        slots: dict[str, Any] = {}
        for change in self.changes:
            if change.id == entity:
                slots = {} if isinstance(change, Gone) else slots | change.fields
        return slots

    async def until(self, condition: Callable[[], Any], *, within: float = PATIENCE, what: str = "") -> Any:
        """Wait until the condition is true of what was said; its value."""
        try:
            async with asyncio.timeout(within):
                while not (found := condition()):
                    if self._task.done():
                        self._task.result()
                    self._heard.clear()
                    await self._heard.wait()
                return found
        except TimeoutError:
            pytest.fail(f"waited {within} s for {what or 'something to be said'}; said was: {self.said[-10:]}")

    async def close(self) -> None:
        """Stop following; whatever went wrong in it comes out here."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task


@pytest.fixture
async def following() -> AsyncIterator[Callable[..., Following]]:
    """Starts followers (see `Following`), with the settings that `Follower` takes."""
    started: list[Following] = []

    def start(**settings: Any) -> Following:
        one = Following(**settings)
        started.append(one)
        return one

    yield start
    for one in started:
        await one.close()
