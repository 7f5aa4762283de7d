"""A real server that goes on: when its settings change, its port is taken, something in it fails, or a session ends."""

import asyncio
import errno

import aiohttp
import msgspec
import pytest

from tests.unit.web.served import ADA, ANYWHERE, served
from tests.unit.web.stream_parts import Teller
from watchdog.rulefile.api import ApiSettings
from watchdog.rulefile.page import NAMED, PageSettings
from watchdog.web.application import build
from watchdog.web.doors import socket_door
from watchdog.web.limits import Limits
from watchdog.web.server import API, Server

BEARER = {"Authorization": f"Bearer {ADA}"}
PAUSE = {"for": "2h", "reason": "new disks"}


async def test_the_settings_change(spoken, until):
    """Another token is taken at once, another port is listened at, and none where the config has no page any more; the socket stays open all the while."""
    async with served(spoken, until) as here:
        server, api = here.server, ApiSettings()
        first, before = server.standing["api"], server.standing["page"]
        assert (await here.afar.get("/api/v1/rules", headers=BEARER))[0] == 200
        server.mean(api, PageSettings(address="127.0.0.1", port=0, tokens={"ben": ADA[::-1]}))
        await until(
            lambda: server.standing.get("page") not in (None, before) and server.standing["page"].since is not None, what="another port"
        )
        other = f"http://127.0.0.1:{here.port}/api/v1/rules"
        async with here.afar.session.get(other, headers=BEARER) as answer:
            assert answer.status == 401
        async with here.afar.session.get(other, headers={"Authorization": f"Bearer {ADA[::-1]}"}) as answer:
            assert answer.status == 200
        server.mean(api, None)
        await until(lambda: "page" not in server.standing, what="no page any more")
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", int(other.split(":")[2].split("/", maxsplit=1)[0]))
        assert (await here.local.get("/api/v1/rules"))[0] == 200
        assert server.standing["api"] is first


async def test_a_port_that_is_taken(spoken, until):
    """It is said where it does not listen and why, and tried again until it does; the socket answers meanwhile."""
    taken = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    async with served(spoken, until, page=None, limits=Limits(retry=0.05)) as here:
        server = here.server
        server.mean(ApiSettings(), PageSettings(address="127.0.0.1", port=port))
        await until(lambda: "page" in server.standing and server.standing["page"].trouble, what="what is wrong")
        standing = server.standing["page"]
        assert (standing.where, standing.since, standing.trouble) == (f"127.0.0.1:{port}", None, "address already in use")
        assert (await here.local.get("/healthz"))[0] == 200
        taken.close()
        await taken.wait_closed()
        await until(lambda: server.standing["page"].since is not None, what="an open port")
        async with here.afar.session.get(f"http://127.0.0.1:{port}/healthz") as answer:
            assert answer.status == 200
        assert server.standing["page"].trouble == ""


async def test_nothing_is_loaded_before_somebody_comes(spoken, until):
    """What nobody looks at costs a socket."""
    async with served(spoken, until) as here:
        assert here.server._runner is None
        await here.local.get("/healthz")
        assert here.server._runner is not None


async def test_what_fails_is_begun_anew(spoken, until, monkeypatch):
    """As the daemon does it: every door is open again, and what was counted and who was known is as before."""
    made: list[object] = []

    def build_one(*given):
        made.append(build(*given))
        return made[-1]

    monkeypatch.setattr("watchdog.web.application.build", build_one)
    server = Server(spoken)
    server.mean(ApiSettings(), None)
    first = asyncio.create_task(server.run())
    await until(lambda: API in server.standing and server.standing[API].since is not None, what="an open door")
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(spoken.folder / "api.sock"))) as session:
        async with session.get("http://api/healthz") as answer:
            assert answer.status == 200
        monkeypatch.setattr("watchdog.web.server.socket_door", None)
        server.mean(ApiSettings(), None)
        await asyncio.wait([first])
        assert isinstance(first.exception(), ExceptionGroup)
        monkeypatch.setattr("watchdog.web.server.socket_door", socket_door)
        second = asyncio.create_task(server.run())
        await until(lambda: server.connections(API) == 0 and (spoken.folder / "api.sock").exists(), what="an open door")
        async with session.get("http://api/healthz") as answer:
            assert answer.status == 200
        assert len(made) == 1
        second.cancel()
        await asyncio.wait([second])


async def test_a_file_that_can_not_be_removed_keeps_nobody(spoken, until, monkeypatch):
    """On a disk that has become read-only the end of a door is its end all the same."""
    server = Server(spoken)
    server.mean(ApiSettings(), None)
    task = asyncio.create_task(server.run())
    await until(lambda: API in server.standing and server.standing[API].since is not None, what="an open door")

    def refuse(*_args, **_more):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("pathlib.Path.unlink", refuse)
    task.cancel()
    await asyncio.wait([task], timeout=30)
    assert task.cancelled()


async def test_a_stream_ends_with_the_session(spoken, until):
    """Who has logged out, or whose twelve hours are over, hears nothing more where only who is named may look; who shows a token does."""
    teller = Teller()
    page = msgspec.structs.replace(ANYWHERE, reading=NAMED)
    async with (
        served(spoken, until, page=page, hub=teller.hub) as here,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
    ):
        base, ours = here.afar.base, {"Origin": here.afar.base}
        async with session.post(f"{base}/login", data={"token": ADA}, headers=ours, allow_redirects=False) as answer:
            assert answer.status == 303
        async with session.get(f"{base}/api/v1/events") as stream, here.afar.session.get(f"{base}/api/v1/events", headers=BEARER) as other:
            assert (stream.status, other.status) == (200, 200)
            await until(lambda: teller.hub.streams == 2, what="two streams")
            (cookie,) = session.cookie_jar
            here.server.access.sessions.end(cookie.value)
            teller.audit("what nobody who has left should hear")
            assert b"hear" not in await stream.read()
            await until(lambda: teller.hub.streams == 1, what="the end of the stream")
            teller.hub.close()
            assert b"hear" in await other.read()
