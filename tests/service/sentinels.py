"""
A master, a replica and three Sentinels of one's own, quick to decide; and any number of servers with a test's own options.

Everything lives in the test's folder and is ended by its own pid.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tests.service.conftest import RedisServer

NAME: Final = "mymaster"
_WATCHED: Final = """\
sentinel monitor {name} 127.0.0.1 {port} 2
sentinel down-after-milliseconds {name} 400
sentinel failover-timeout {name} 3000
sentinel parallel-syncs {name} 1
"""


class Sentinel(RedisServer):
    """One Sentinel; its file is written by itself from then on."""

    def __init__(self, folder: Path, watched: str) -> None:
        super().__init__(folder)
        self.file = folder / "sentinel.conf"
        self.file.write_text(f"port {self.port}\nbind 127.0.0.1\nunixsocket {self.socket}\ndir {folder}\n{watched}")

    def command(self) -> list[str]:
        """Sentinel is the same program."""
        return ["redis-server", str(self.file), "--sentinel"]

    @property
    def at(self) -> str:
        """As a config names it."""
        return f"127.0.0.1:{self.port}"


class Quorum:
    """`servers` are the master to begin with, and its replica; `sentinels` are lines that each Sentinel has beside."""

    def __init__(self, folder: Path, *options: str, sentinels: tuple[str, ...] = ()) -> None:
        self._folder = folder
        self._options = options
        self._more = sentinels
        self.servers: list[RedisServer] = []
        self.sentinels: list[Sentinel] = []

    @property
    def at(self) -> tuple[str, ...]:
        """The Sentinels as a config names them."""
        return tuple(sentinel.at for sentinel in self.sentinels)

    async def start(self) -> "Quorum":
        """Start everything, and wait until all Sentinels know the replica and each other."""
        first = RedisServer(self._make("first"), "--repl-diskless-sync-delay", "0", *self._options)
        second = RedisServer(
            self._make("second"), "--repl-diskless-sync-delay", "0", "--replicaof", f"127.0.0.1 {first.port}", *self._options
        )
        self.servers = [first, second]
        for server in self.servers:
            await server.start()
        watched = _WATCHED.format(name=NAME, port=first.port) + "".join(f"{line}\n" for line in self._more)
        self.sentinels = [Sentinel(self._make(f"sentinel-{number}"), watched) for number in range(3)]
        for sentinel in self.sentinels:
            await sentinel.start()
        return self

    async def known(self, until: Callable[..., Any]) -> None:
        """Wait until a failover is possible: every Sentinel knows the replica, and the two others."""
        for sentinel in self.sentinels:
            client = sentinel.client()
            await until(lambda client=client: _knows(client), what="Sentinels that know each other")

    async def close(self) -> None:
        """All of it."""
        for server in (*self.sentinels, *self.servers):
            await server.close()

    def _make(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir()
        return folder


async def _knows(client: Any) -> bool:
    reply = await client.execute_command("SENTINEL", "MASTERS")
    state = reply[0] if isinstance(reply, list) else next(iter(reply.values()))
    if isinstance(state, list):
        state = dict(zip(state[::2], state[1::2], strict=True))
    text = {str(key, "utf-8") if isinstance(key, bytes) else key: value for key, value in state.items()}
    return int(text["num-slaves"]) == 1 and int(text["num-other-sentinels"]) == 2


async def master_of(sentinel: Sentinel) -> int:
    """The port that it names."""
    _, port = await sentinel.client().execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)
    return int(port)
