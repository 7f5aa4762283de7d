"""`init` with real parts: a machine whose files lead to a real Redis, in which processes beat."""

import asyncio
import os
import sys
from typing import Any

import pytest

from tests.bench.beats import SimulatedProcess
from tests.service.conftest import RedisServer
from tests.service.sentinels import NAME, Quorum
from tests.service.users import observer
from tests.unit.survey.layouts import ETC, live, unit
from watchdog.config import load
from watchdog.rulefile.redis_settings import RedisSettings
from watchdog.survey.looking import Seen, look

pytestmark = pytest.mark.needs("redis-server")


async def test_what_redis_shows(redis_server: RedisServer) -> None:
    """Version, role, living processes with what they say, those that left only their names, and queues; the least rights are enough."""
    client = redis_server.client()
    await SimulatedProcess(7, queues=("push", "pull")).beat(client)
    await client.sadd("processes", "web9:8:gone")
    await client.sadd("queues", "push", "mailers")
    seen = await look(RedisSettings(url=await observer(redis_server)))
    assert isinstance(seen, Seen), seen
    assert seen.version == (await client.info("server"))["redis_version"]
    assert (seen.role, seen.namespace, seen.stray, seen.queues) == ("master", "", 1, ("mailers", "push"))
    (one,) = seen.processes
    assert (one.info.host, one.info.pid, one.info.queues, one.info.threads) == ("web1", 7, ("push", "pull"), 5)


async def test_namespaces(redis_server: RedisServer) -> None:
    """Under the namespace of the settings, where anything is there; else under none; nowhere, where there is nothing of Sidekiq."""
    client = redis_server.client()
    await client.set("cache:something", "x")
    empty = await look(RedisSettings(url=redis_server.url, namespace="ns"))
    await client.sadd("queues", "plain")
    without = await look(RedisSettings(url=redis_server.url, namespace="ns"))
    await client.sadd("ns:queues", "within")
    within = await look(RedisSettings(url=redis_server.url, namespace="ns"))
    assert [(one.namespace, one.queues) for one in (empty, without, within)] == [(None, ()), ("", ("plain",)), ("ns", ("within",))]


async def test_what_stands_against_it(redis_server: RedisServer) -> None:
    """Why Redis can't be seen is a sentence, and no sentence holds the password."""
    client = redis_server.client()
    await client.sadd("queues", "push")
    await client.execute_command("ACL", "SETUSER", "blind", "on", ">opensesame", "+hello", "+select", "+info", "+client")
    said = [
        await look(RedisSettings(url=url))
        for url in (
            f"redis://blind:opensesame@127.0.0.1:{redis_server.port}/0",
            f"redis://blind:opensesame2@127.0.0.1:{redis_server.port}/0",
            f"redis://127.0.0.1:{redis_server.port}/99",
            f"unix://{redis_server.folder}/none.sock",
        )
    ]
    assert all(isinstance(one, str) and "opensesame" not in one for one in said)
    assert said[0].startswith("the configured Redis user may not read what the agent needs")
    assert said[2] == "Redis does not have the configured database number"


async def test_by_sentinels(tmp_path, until) -> None:
    """The Sentinels that Mastodon names lead to the master."""
    quorum = await Quorum(tmp_path).start()
    try:
        await quorum.known(until)
        await quorum.servers[0].client().sadd("queues", "push")
        seen = await look(RedisSettings(url="redis:///0", sentinels=quorum.at, master=NAME))
        assert (seen.role, seen.queues) == ("master", ("push",))
    finally:
        await quorum.close()


async def init(folder, *arguments: str) -> tuple[int, str, str]:
    """The command as a whole process, in that folder."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from watchdog.cli import main; main()",
        *arguments,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "LANG": "C.UTF-8"},
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_as_a_whole(redis_server: RedisServer, tmp_path) -> None:
    """From the files of a machine to a config that leads to that very Redis; the password is in no output."""
    await redis_server.client().config_set("requirepass", "open sesame/#")
    client: Any = redis_server.client(password="open sesame/#")
    await SimulatedProcess(7, queues=("default", "push", "ingress", "mailers", "pull", "scheduler")).beat(client)
    await client.sadd("queues", "push")
    env = f"LOCAL_DOMAIN=x\nREDIS_HOST=127.0.0.1\nREDIS_PORT={redis_server.port}\nREDIS_PASSWORD='open sesame/#'\n"
    for path, text in {f"{ETC}/mastodon-sidekiq.service": unit(), **live(env)}.items():
        place = tmp_path / "machine" / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    code, out, err = await init(tmp_path, "init", "--root", "machine", "--output", "etc")
    assert (code, err) == (0, "")
    assert "answers, 1 process of Sidekiq beats in it, 1 queue" in out
    assert "sesame" not in out

    code, out, err = await init(tmp_path, "check", "--config", "etc/config.yml")
    assert (code, err) == (0, "")
    loaded = await asyncio.to_thread(load, tmp_path / "etc" / "config.yml")
    again = await look(loaded.settings.redis)
    assert (again.role, again.queues) == ("master", ("push",))
