"""Single tries of TCP, HTTP and commands: what is well, and what is said where it is not."""

import asyncio
import contextlib
import os
import signal
import socket
from pathlib import Path

import pytest
from aiohttp import web

from watchdog.checks.attempt import LONGEST, CheckFailedError, fit
from watchdog.checks.command import ProgramCheck
from watchdog.checks.http import Http
from watchdog.checks.postgres import Postgres, Server
from watchdog.checks.tcp import Tcp


@pytest.fixture
def closed_port() -> int:
    """A port of the loopback where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def failure(attempt) -> str:
    """Why it failed; empty if it did not."""
    try:
        await attempt()
    except CheckFailedError as error:
        return str(error)
    return ""


@pytest.fixture
def script(tmp_path_factory):
    """`script(text)`: a program of the shell in a folder that nobody else can write to; its path."""

    def make(text: str, *, mode: int = 0o755) -> Path:
        path = tmp_path_factory.mktemp("bin") / "check"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(mode)
        return path

    return make


def own(path: Path, *arguments: str, user: str | None = None) -> ProgramCheck:
    """A check of a program that belongs to whoever runs the tests."""
    return ProgramCheck((str(path), *arguments), user, owner=os.geteuid())


@contextlib.asynccontextmanager
async def served(handler):
    """An HTTP server with this handler for every path; its address."""
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/health?token=hush"
    finally:
        await runner.cleanup()


def is_alive(pid: int) -> bool:
    """Whether that process runs: one that has ended may wait for its parent, and may go while it is looked at."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


async def gone(pid: int, until) -> None:
    """It has come to its end."""
    await until(lambda: not is_alive(pid), what=f"the end of {pid}")


async def test_tcp(closed_port):
    """A server that accepts is well; a closed port and an unknown name are told in words."""
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        assert await failure(Tcp("127.0.0.1", server.sockets[0].getsockname()[1])) == ""
    assert await failure(Tcp("127.0.0.1", closed_port)) == f"no connection to 127.0.0.1 port {closed_port}: Connection refused"
    assert await failure(Tcp("nowhere.invalid", 1)) == "no connection to nowhere.invalid port 1: the name can't be resolved"


@pytest.mark.parametrize(
    ("answer", "wanted", "said"),
    [
        (200, None, ""),
        (204, None, ""),
        (301, None, "it answered 301 Moved Permanently"),
        (503, None, "it answered 503 Service Unavailable"),
        (503, 503, ""),
        (200, 204, "it answered 200 OK, not 204"),
        (599, None, "it answered 599"),
    ],
)
async def test_http(answer, wanted, said):
    """Any 2xx, or just the status that is wanted; a redirect is an answer and is not followed."""
    asked = []

    async def handler(request):
        asked.append(request)
        return web.Response(status=answer, headers={"location": "/elsewhere"})

    async with served(handler) as url:
        assert await failure(Http(url, wanted)) == said
    assert len(asked) == 1


async def test_http_that_does_not_answer(closed_port):
    """Nobody there, and one that hangs up; the address is never told."""

    async def hang_up(request):
        request.transport.abort()

    async with served(hang_up) as url:
        said = [await failure(Http(url, None))]
    said += [await failure(Http(f"http://127.0.0.1:{closed_port}/?token=hush", None)), await failure(Http("http://nowhere.invalid/", None))]

    assert said == ["the connection was closed without an answer", "no connection: Connection refused", "its host name can't be resolved"]


async def test_a_command(script):
    """0 is well; another end is told with the first line that the program wrote, fit to be shown."""
    assert await failure(own(script('test "$#" = 2 && test "$HOME" = "" && test "$(pwd)" = /'), "a b", "c")) == ""
    assert await failure(own(script("echo; printf 'disk \\033[31m9%%\\n'; echo more >&2; exit 3"))) == "check ended with 3: disk ?[31m9%"
    assert await failure(own(script("kill -9 $$"))) == "check was ended by signal 9"
    assert await failure(own(script("yes | head -c 200000; exit 1"))) == "check ended with 1: y"


async def test_a_command_that_takes_too_long(script, tmp_path, until):
    """What it has started goes with it."""
    path = script(f"sleep 1000 & echo $! > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/pid; wait")
    task = asyncio.create_task(own(path)())
    await until((tmp_path / "pid").exists, what="the child")
    task.cancel()
    await asyncio.wait({task})

    assert task.cancelled()
    await gone(int((tmp_path / "pid").read_text()), until)


async def test_one_that_is_cut_off_while_it_is_started(script, tmp_path, until, monkeypatch):
    """The program may be at work before its start is known here: a time limit that comes just then ends it with all that it has started, however often it comes."""
    path = script(f"sleep 1000 & echo $! > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/pid; wait")
    loop = asyncio.get_running_loop()
    connect = loop.connect_read_pipe

    async def cut_off(*arguments):
        await until((tmp_path / "pid").exists, what="the child")
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0)
        return await connect(*arguments)

    monkeypatch.setattr(loop, "connect_read_pipe", cut_off)
    task = asyncio.create_task(own(path)())
    await asyncio.wait({task})

    assert task.cancelled()
    await gone(int((tmp_path / "pid").read_text()), until)


async def test_a_grandchild_that_goes_its_own_way(script, tmp_path, until):
    """What has left the session of its check is not ended with it, and does not keep the check from its end, though it holds its output open."""
    path = script(f"setsid sh -c 'echo $$ > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/pid; exec sleep 1000' & wait")
    task = asyncio.create_task(own(path)())
    await until((tmp_path / "pid").exists, what="the grandchild")
    grandchild = int((tmp_path / "pid").read_text())
    try:
        task.cancel()
        await asyncio.wait({task})

        assert task.cancelled()
        assert is_alive(grandchild)
    finally:
        os.kill(grandchild, signal.SIGKILL)
    await gone(grandchild, until)


async def test_programs_that_are_not_run(script, tmp_path):
    """Whoever could change the file or a folder above it could act as the agent: it must be root's alone."""
    open_file = script("exit 0", mode=0o775)
    open_folder = script("exit 0")
    open_folder.parent.chmod(0o777)
    behind = tmp_path / "link"
    behind.symlink_to(open_file)
    others = ProgramCheck((str(script("exit 0")),), None, owner=os.geteuid() + 1)

    assert await failure(own(open_file)) == f"others than root can write to {open_file}, so check is not run"
    assert await failure(own(open_folder)) == f"others than root can write to {open_folder.parent}, so check is not run"
    assert await failure(own(behind)) == f"others than root can write to {open_file}, so link is not run"
    assert await failure(own(tmp_path / "nothing")) == f"{tmp_path}/nothing can't be run: No such file or directory"
    assert await failure(own(script("exit 0", mode=0o644))) in {
        f"{p} can't be run: Permission denied" for p in tmp_path.parent.rglob("check")
    }
    assert await failure(own(script("exit 0"), user="nobody-at-all")) == "there is no user nobody-at-all on this machine"
    if os.geteuid() != 0:
        assert "does not belong to root" in await failure(others)


@pytest.mark.needs("root", "setuid")
async def test_a_command_as_another_user(script):
    """It has that user's rights and groups, and none of root's."""
    path = script('test "$(id -u)" != 0 && test "$(id -un)" = nobody && ! id -G | grep -qw 0')
    for folder in path.parents:
        # pytest makes folders that nobody else may enter; above them lies what anybody may.
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o755)

    assert await failure(own(path, user="nobody")) == ""


@pytest.mark.needs("asyncpg")
async def test_postgres_that_is_not_there(closed_port, tmp_path):
    """A closed port and a socket that does not exist."""
    over_tcp = Postgres(Server(host="127.0.0.1", port=closed_port, database="d", user="u", password="hush"))
    over_socket = Postgres(Server(host=str(tmp_path), port=5432, database="d", user="u"))

    assert await failure(over_tcp) == f"no connection to 127.0.0.1 port {closed_port}: Connection refused"
    assert await failure(over_socket) == f"no connection to {tmp_path} port 5432: No such file or directory"


@pytest.mark.parametrize(
    ("text", "shown"), [("", ""), ("\n \n a \nb", "a"), ("a\x1b[0m", "a?[0m"), ("x" * 300, "x" * (LONGEST - 1) + "…"), ("ä\u202eb", "ä?b")]
)
def test_what_others_said_is_made_fit(text, shown):
    """One line, short, and nothing that a terminal would obey."""
    assert fit(text) == shown
