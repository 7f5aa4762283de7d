"""
The life of one Sidekiq on a Redis of its own, with work of all sorts in it, and the shape of everything that it wrote.

Two such lives are equal exactly if the processes write the same: that is how the stand-in is held against real Sidekiqs. Run as a program this records the
life of a real one whose source lies unpacked somewhere:
`python -m tests.service.matrix.life SUITE FOLDER`, where FOLDER holds `lib` and `bin` of that version and SUITE a Ruby with the gems that it wants.
"""

import asyncio
import contextlib
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import redis.asyncio

from tests.ending import end_task
from tests.patience import PATIENCE
from tests.service.conftest import _eventually, push_job
from tests.service.matrix import shape
from tests.service.matrix.parts import APP, Sidekiq, Store, end, start_program, start_sidekiq
from tests.suites.inside import Inside

RECORDED: Final = Path(__file__).parent / "recorded"
"""Lives of real Sidekiqs that no Debian has, by version."""
PLAN: Final = (
    ("Refused", "push", ("https://example.social/inbox",), None),
    ("Quick", "push", ("é/", 1.5, None), 3_600),
    ("Quick", "mailers", ({"a": [1e20, True]},), None),
    ("SleepForever", "push", (), None),
    ("Held", "pull", (), None),
)
"""The last two take both threads: an idle one would pop what is pushed back at the end, and sometimes lose it."""
PUSHED: Final = (
    '{"retry":true,"queue":"push","class":"Zzqx","args":["nobody has this class"],"jid":"cccccccccccccccccccccccc"}',
    '{"retry":0,"queue":"push","class":"Refused","args":["https://a.example/"],"jid":"aaaaaaaaaaaaaaaaaaaaaaaa"}',
    '{"retry":false,"queue":"push","class":"Refused","args":["https://b.example/"],"jid":"bbbbbbbbbbbbbbbbbbbbbbbb"}',
    "{",
)
QUEUES: Final = ("push", "pull")
THREADS: Final = 2
TAG: Final = "worker"


class Life(msgspec.Struct, frozen=True):
    """What one process wrote: its keys while it was busy, and its commands."""

    version: str
    keys: dict[str, Any]
    commands: dict[str, list[str]]


async def live(kind: str, folder: Path) -> Life:
    """The life of a Sidekiq of a suite, or of the stand-in for a version."""

    def start(store: Store) -> Awaitable[Sidekiq]:
        return start_sidekiq(kind, store, tag=TAG, queues=QUEUES, concurrency=THREADS)

    return await _live(start, folder)


async def _live(start: Callable[[Store], Awaitable[Sidekiq]], folder: Path) -> Life:
    store = Store("Redis 7", folder)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        await store.start()
        heard = _Heard(store)
        stack.push_async_callback(heard.close)
        client = store.client()
        await heard.up_to("beginning", client)
        process = await start(store)
        stack.push_async_callback(end, process)
        await process.wait_beat(client)
        for payload in PUSHED:
            await client.lpush("queue:push", payload)
        await push_job(client, "Plan", [PLAN], "push")

        async def is_told() -> bool:
            told = await client.hget(process.identity, "busy") == b"2" and await client.get("stat:processed") == b"5"
            return told and (process.release < (7,) or heard.metrics)

        await _eventually(is_told, within=PATIENCE, what=lambda: f"a beat of Sidekiq {process.version} that tells of everything")
        keys = await shape.keys(client, process.identity, version=process.version)
        process.signal(signal.SIGTERM)
        assert await process.wait_exit() == 0
        await heard.up_to("end", client)
        return Life(process.version, keys, shape.beats(heard.commands, process.identity))


class _Heard:
    """All commands that a server was sent over TCP; the test itself talks over the socket."""

    def __init__(self, store: Store) -> None:
        self.commands: list[str] = []
        self._marks: set[str] = set()
        self._task = asyncio.create_task(self._listen(store))

    @property
    def metrics(self) -> bool:
        """Those of a beat were written: they come after it, and this is the last command of them."""
        return any(command.lower().startswith("expire j|") and command.endswith(" 28800") for command in self.commands)

    async def up_to(self, mark: str, client: redis.asyncio.Redis) -> None:
        """Wait until all that was sent so far has been heard."""

        async def is_heard() -> bool:
            await client.echo(mark)
            return f"ECHO {mark}" in self._marks

        await _eventually(is_heard, within=PATIENCE, what=lambda: f"MONITOR; its task: {self._task}")

    async def close(self) -> None:
        """Hear no more."""
        await end_task(self._task)

    async def _listen(self, store: Store) -> None:
        async with (
            redis.asyncio.Redis(unix_socket_path=str(store.folder / "store.sock"), socket_timeout=None) as client,
            client.monitor() as monitor,
        ):
            async for said in monitor.listen():
                if said["client_type"] == "tcp":
                    self.commands.append(said["command"])
                else:
                    self._marks.add(said["command"])


async def _record(suite: str, sources: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        app, run = Path(place) / "app", Path(place) / "run"
        shutil.copytree(sources, app)
        shutil.copy(APP / "app.rb", app)

        async def start(store: Store) -> Sidekiq:
            inside = Inside(suite, app=app, run=store.folder)
            served = [part for queue in QUEUES for part in ("-q", queue)]
            command = [
                "ruby",
                "-I",
                f"{inside.app}/lib",
                f"{inside.app}/bin/sidekiq",
                "-r",
                f"{inside.app}/app.rb",
                *served,
                "-c",
                str(THREADS),
            ]
            env = {"REDIS_URL": store.url, "RUN_DIR": str(inside.run)}
            log = store.folder / "sidekiq.log"
            return Sidekiq((await start_program(inside.command(*command, "-t", "2", "-g", TAG, env=env), log)).process, TAG, log)

        life = await _live(start, run)
    text = json.dumps(msgspec.to_builtins(life), indent=1, ensure_ascii=False)
    (RECORDED / f"{life.version}.json").write_text(text + "\n")


if __name__ == "__main__":
    asyncio.run(_record(sys.argv[1], Path(sys.argv[2])))
