"""
The parts of the matrix: servers and Sidekiqs of several Debian suites, and the stand-in, all started and ended alike.

Each has a folder of its own in which everything that it writes lies, and is ended by its own pid. A server listens on the loopback and
on a unix socket.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import redis.asyncio

from tests.ports import free_port
from tests.service.conftest import Served, _die_with_parent, _eventually
from tests.suites.inside import Inside
from watchdog.demo.title import ROOM

APP: Final = Path(__file__).parent / "app"
CHECKOUT: Final = Path(__file__).parents[3]
STORES: Final = {"Redis 7": ("bookworm", "redis-server"), "Redis 8": ("trixie", "redis-server"), "Valkey": ("sid", "valkey-server")}
"""What stands for Redis → the suite that it comes from, and its program."""
SIDEKIQS: Final = {"bookworm": "6.4", "trixie": "7.3", "sid": "8.1"}
"""Suite → the least release of Sidekiq that it has."""


class Store:
    """A server without persistence: its `url`, and clients on its socket."""

    def __init__(self, kind: str, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.kind = kind
        self.folder = folder
        self.url = ""
        self._served: Served | None = None
        self._clients: list[redis.asyncio.Redis] = []

    def client(self, **settings: Any) -> redis.asyncio.Redis:
        """A new client, closed with the server."""
        # Without a time limit: on Python 3.11 that would lose cancellations (see `tests/ending.py`).
        client = redis.asyncio.Redis(unix_socket_path=str(self.folder / "store.sock"), **{"socket_timeout": None, **settings})
        self._clients.append(client)
        return client

    async def start(self) -> "Store":
        """Start it and wait until it answers."""
        suite, program = STORES[self.kind]
        inside = Inside(suite, app=APP, run=self.folder)
        port = free_port()
        options = {
            "port": str(port),
            "bind": "127.0.0.1",
            "unixsocket": f"{inside.run}/store.sock",
            "dir": str(inside.run),
            "save": "",
            "daemonize": "no",
        }
        arguments = [part for option, value in options.items() for part in (f"--{option}", value)]
        self.url = f"redis://127.0.0.1:{port}/0"
        self._served = await start_program(inside.command(program, *arguments, env={}), self.folder / "store.log")
        client = self.client()

        async def answers() -> bool:
            try:
                return bool(await client.ping())
            except redis.RedisError:
                return False

        await _eventually(answers, within=60, what=lambda: f"{self.kind}; its log:\n{(self.folder / 'store.log').read_text()}")
        return self

    async def close(self) -> None:
        """The clients, then the server."""
        for client in self._clients:
            await client.aclose()
        if self._served is not None:
            await self._served.kill()


class Sidekiq(Served):
    """A Sidekiq, real or not. `version` is what its title says, `identity` what it is called in Redis."""

    def __init__(self, process: asyncio.subprocess.Process, tag: str, log: Path) -> None:
        super().__init__(process)
        self.tag = tag
        self.log = log
        self.identity = ""
        self.version = ""

    @property
    def release(self) -> tuple[int, ...]:
        """The version, to compare."""
        return tuple(int(part) for part in self.version.split("."))

    @property
    def beat(self) -> int:
        """Seconds from one beat to the next: 10 from 7.0 on, 5 before (launcher.rb)."""
        return 10 if self.release >= (7,) else 5

    async def wait_beat(self, client: redis.asyncio.Redis) -> None:
        """Wait for the first beat."""

        async def beats() -> str:
            assert self.alive, f"{self.tag} ended with {self.process.returncode}:\n{self.log.read_text()}"
            mine = [
                one for one in (member.decode() for member in await client.smembers("processes")) if one.rsplit(":", 2)[1] == str(self.pid)
            ]
            return mine[0] if mine and await client.exists(mine[0]) else ""

        self.identity = await _eventually(
            beats, within=90, what=lambda: f"the first beat of {self.tag}; its output:\n{self.log.read_text()}"
        )
        # `sidekiq <version> <tag> [0 of 5 busy]`, set just before the first beat (launcher.rb).
        self.version = Path(f"/proc/{self.pid}/cmdline").read_text().split()[1]


async def start_sidekiq(
    kind: str,
    store: Store,
    *,
    tag: str,
    queues: Sequence[str],
    concurrency: int,
    options: Sequence[str] = (),
    app: Path = APP,
    env: Mapping[str, str] | None = None,
) -> Sidekiq:
    """
    Start one and do not wait for its first beat.

    `kind` is a suite, or the version that the stand-in is to stand for; `options` are of the stand-in's own. `app` is the folder of the application,
    `env` what a real one finds in its environment besides.
    """
    folder = store.folder
    served = [argument for queue in queues for argument in ("-q", queue)]
    common = [*served, "-c", str(concurrency), "-t", "2", "-g", tag]
    log = folder / f"{tag}.log"
    if kind in SIDEKIQS:
        inside = Inside(kind, app=app, run=folder)
        variables = {"REDIS_URL": store.url, "RUN_DIR": str(inside.run), **(env or {})}
        command = inside.command("sidekiq", "-r", f"{inside.app}/app.rb", *common, env=variables)
    else:
        variables = {"REDIS_URL": store.url, "RUN_DIR": str(folder)}
        command = [
            "env",
            *(f"{name}={value}" for name, value in variables.items()),
            sys.executable,
            "-m",
            "tests.service.standin",
            "--as",
            kind,
            *options,
            *common,
            ROOM,
        ]
    return Sidekiq((await start_program(command, log)).process, tag, log)


async def start_program(command: list[str], log: Path) -> Served:
    """A child process whose output goes into a log."""
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, cwd=CHECKOUT, preexec_fn=_die_with_parent,
            env=dict(os.environ),
        )  # fmt: skip
    return Served(process)


async def end(*served: Served) -> None:
    """SIGKILL, all of them."""
    for one in served:
        one.signal(signal.SIGKILL)
    await asyncio.gather(*(one.process.wait() for one in served))
