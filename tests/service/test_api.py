"""A running agent, asked by its socket and its page: by root, by another user, by a person with a token; over a reload, a death and an end."""

import asyncio
import contextlib
import json
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from tests.service.agent import AgentProcess, write_config

pytestmark = pytest.mark.needs("redis-server")
ADA: Final = "correct-horse-battery-staple"
BEN: Final = ADA[::-1]
NOBODY: Final = 65_534
CALL: Final = """
import http.client, os, socket, sys
os.setgroups([])
os.setgid(int(sys.argv[2])), os.setuid(int(sys.argv[3]))
class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(sys.argv[1])
try:
    one = Connection("api")
    body = b'{"for": "1h", "reason": "x"}' if sys.argv[4] == "POST" else None
    one.request(sys.argv[4], sys.argv[5], body, {"Content-Type": "application/json", "X-Watchdog-By": "root"})
    print(one.getresponse().status)
except PermissionError:
    print("no way in")
"""
"""Asks as another user: socket, group, user, method, path."""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter, with a path that leaves room for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="w-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def address() -> str:
    """One of the sixteen million of this machine alone: nobody else listens there."""
    return f"127.{secrets.randbelow(254) + 1}.{secrets.randbelow(254) + 1}.{secrets.randbelow(254) + 1}"


def shown_at(config: Path, where: str, socket: Path, *, token: str = ADA, more: str = "") -> None:
    """The config with a page."""
    text = config.read_text().partition("\napi:")[0]
    config.write_text(f"{text}\napi: {{socket: {socket}{more}}}\npage: {{listen: {where}, tokens: {{ada: {token}}}}}\n")


@contextlib.asynccontextmanager
async def calling(socket: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A session by the socket."""
    async with aiohttp.ClientSession("http://api", connector=aiohttp.UnixConnector(path=str(socket))) as session:
        yield session


async def asked(session: aiohttp.ClientSession, method: str, url: str, **options: Any) -> tuple[int, Any]:
    """Status and JSON."""
    async with session.request(method, url, **options) as answer:
        return answer.status, await answer.json()


async def test_it_is_asked_and_told(redis_server, tmp_path, open_folder, until):
    """It shows the same by both doors; what a person says by the page stands in the audit log with the way it came, once; a reload changes who may come and where."""
    config, socket = write_config(tmp_path, url=redis_server.url), open_folder / "api.sock"
    first, second = address(), address()
    shown_at(config, first, socket)
    async with contextlib.aclosing(AgentProcess(config)) as agent, calling(socket) as local, aiohttp.ClientSession() as afar:
        await agent.start()
        await agent.wait_for(f"listens at {first}:7655")
        base = f"http://{first}:7655/api/v1"
        for session, url in ((local, "/api/v1/status"), (afar, f"{base}/status")):
            status, picture = await asked(session, "GET", url)
            assert (status, picture["agent"]["pid"]) == (200, agent.pid)
            assert picture["doors"]["page"]["where"] == f"{first}:7655"

        said = {"json": {"for": "1h", "reason": "new disks"}, "headers": {"Authorization": f"Bearer {ADA}", "Idempotency-Key": "k"}}
        answers = [await asked(afar, "POST", f"{base}/pause", **said) for _ in range(2)]
        assert [(status, answer["outcome"]) for status, answer in answers] == [(200, "paused")] * 2
        assert answers[0] == answers[1]
        rows = await agent.audit(lambda row: row["kind"] == "operator")
        assert [(row["outcome"], row["detail"]["by"], row["detail"]["channel"]) for row in rows] == [("paused", "ada", "page")]
        status, answer = await asked(local, "POST", "/api/v1/resume", json={"reason": "done"}, headers={"X-Watchdog-By": "carla"})
        assert (status, answer["outcome"]) == (200, "resumed")

        shown_at(config, second, socket, token=BEN)
        agent.signal(signal.SIGHUP)
        await agent.wait_for(f"listens at {second}:7655")
        base = f"http://{second}:7655/api/v1"
        assert (await asked(afar, "GET", f"{base}/overview", headers={"Authorization": f"Bearer {ADA}"}))[0] == 401
        assert (await asked(afar, "GET", f"{base}/overview", headers={"Authorization": f"Bearer {BEN}"}))[0] == 200
        with pytest.raises(aiohttp.ClientConnectorError):
            await asked(afar, "GET", f"http://{first}:7655/api/v1/overview")
        assert (await asked(local, "GET", "/api/v1/overview"))[0] == 200

        # Somebody listens to events when it ends.
        async with afar.get(f"{base}/events") as stream:
            assert stream.status == 200
            await stream.content.readuntil(b"\n\n")
            assert await agent.stop() == 0
            assert b"event: bye" in await stream.content.read()
        assert not socket.exists()
    assert ADA not in "\n".join(agent.lines)


@pytest.mark.needs("root", "setuid")
async def test_another_user_of_the_machine(redis_server, tmp_path, open_folder):
    """Without a group nobody else gets in; who is in it looks, and neither says anything nor passes for root."""
    config, socket = write_config(tmp_path, url=redis_server.url), open_folder / "api.sock"
    shown_at(config, address(), socket)

    async def asks(group: int, method: str, path: str) -> str:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CALL, str(socket), str(group), str(NOBODY), method, path, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        return output.decode().strip()

    async with contextlib.aclosing(AgentProcess(config)) as agent:
        await agent.start()
        await agent.wait_for(f"listens at {socket}")
        assert await asks(NOBODY, "GET", "/api/v1/overview") == "no way in"
        shown_at(config, address(), socket, more=", group: adm")
        agent.signal(signal.SIGHUP)
        await agent.wait_for("reloaded")
        await agent.wait_for(f"listens at {socket}", after=next(number for number, line in enumerate(agent.lines) if "reload" in line))
        adm = socket.stat().st_gid
        assert [await asks(adm, "GET", "/api/v1/overview"), await asks(adm, "POST", "/api/v1/pause")] == ["200", "403"]
        assert await asks(NOBODY, "GET", "/api/v1/overview") == "no way in"
        assert await agent.audit(lambda row: row["kind"] == "operator") == []


async def test_a_dead_one_and_a_living_one(redis_server, tmp_path, open_folder, until):
    """The socket of an agent that was killed is taken over by the next; that of one that lives is left to it, and `status` says why another does not listen."""
    config, socket = write_config(tmp_path, url=redis_server.url), open_folder / "api.sock"
    shown_at(config, address(), socket)
    async with contextlib.aclosing(AgentProcess(config)) as dead:
        await dead.start()
        await dead.wait_for(f"listens at {socket}")
        dead.signal(signal.SIGKILL)
        await dead.wait_exit()
    assert socket.is_socket()
    (tmp_path / "other").mkdir()
    other = write_config(tmp_path / "other", url=redis_server.url)
    shown_at(other, address(), socket)
    async with (
        contextlib.aclosing(AgentProcess(config)) as agent,
        contextlib.aclosing(AgentProcess(other)) as late,
        calling(socket) as local,
    ):
        await agent.start()
        await agent.wait_for(f"listens at {socket}")
        await late.start()
        await late.wait_for(f"can't listen at {socket}: another process listens there")

        async def is_said() -> bool:
            status, output = await late.ask("status", "--json")
            return status in (0, 1) and json.loads(output)["doors"].get("api", {}).get("trouble") == "another process listens there"

        await until(is_said, what="what is wrong, in `status`")
        status, picture = await asked(local, "GET", "/api/v1/status")
        assert (status, picture["agent"]["pid"]) == (200, agent.pid)
        assert socket.is_socket()
