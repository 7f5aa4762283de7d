"""Declared checks against the real things: a PostgreSQL that refuses in each of its ways, and an agent that does nothing while it does."""

import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.service.agent import AgentProcess, write_config
from tests.service.postgres_server import PASSWORD, ROOM, PostgresServer
from watchdog.checks.attempt import CheckFailedError
from watchdog.checks.postgres import Postgres, Server
from watchdog.checks.tcp import Tcp

NEEDS = ("asyncpg", "postgres")
CHECKS = """\
checks:
  postgres: {{type: postgres, host: 127.0.0.1, port: {port}, user: watchdog, database: postgres, password: "${{file:pg}}", every: 1s, timeout: 2s}}
"""


@pytest.fixture
async def postgres() -> AsyncIterator[PostgresServer]:
    """A running server of the test's own. Its folder is not among those of pytest, which its user may not enter."""
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        server = PostgresServer(Path(folder))
        await server.make()
        await server.start()
        try:
            yield server
        finally:
            await server.stop()


def over_tcp(server: PostgresServer, **changes) -> Postgres:
    """A check of that server with its password, but for what is named."""
    usual = {"host": "127.0.0.1", "port": server.port, "database": "postgres", "user": "watchdog", "password": PASSWORD}
    return Postgres(Server(**{**usual, **changes}))


async def said(check) -> str:
    """Why it failed within ten seconds; empty if it did not."""
    try:
        async with asyncio.timeout(10):
            await check()
    except CheckFailedError as failure:
        return str(failure)
    except TimeoutError:
        return "no answer"
    return ""


@pytest.mark.needs(*NEEDS)
async def test_a_real_login(postgres, until, recwarn):
    """SCRAM over the network, trust over the socket; each way to be refused is told in the server's words, without the password, and nothing is left open."""
    tcp, socket = over_tcp(postgres), over_tcp(postgres, host=str(postgres.folder), password="")

    async def in_() -> bool:
        return await said(tcp) == ""

    await until(in_, what="the first login")
    assert await said(socket) == ""
    refused = [
        await said(over_tcp(postgres, **wrong))
        for wrong in ({"password": "no"}, {"password": ""}, {"database": "mastodon"}, {"tls": "verify"})
    ]
    assert refused[0] == 'the server says: password authentication failed for user "watchdog"'
    assert refused[1], "a login without a password where one is wanted"
    assert refused[2] == 'the server says: database "mastodon" does not exist'
    assert refused[3] == "no TLS connection came about (CERTIFICATE_VERIFY_FAILED)"
    assert await said(over_tcp(postgres, tls="require")) == ""
    room = await tcp()
    assert room is not None
    assert room.most == ROOM - 1, "one place is for a superuser"
    assert room.free in range(ROOM), "a client may not have quite left"
    assert not [text for text in refused if PASSWORD in text]

    import asyncpg

    held = [
        await asyncpg.connect(host=str(postgres.folder), port=postgres.port, user="watchdog", database="postgres", password="")
        for _ in range(ROOM)
    ]
    try:
        assert await said(tcp) == "the server says: sorry, too many clients already"
        assert await said(Tcp("127.0.0.1", postgres.port)) == "", "a mere connection notices nothing"
    finally:
        for connection in held:
            await connection.close()
    # The server counts a client out a moment after it has left.
    await until(in_, what="room for another client")

    postgres.freeze(on=True)
    assert await said(tcp) == "no answer"
    postgres.freeze(on=False)
    await until(in_, what="a login after it was frozen")
    await postgres.stop()
    assert await said(tcp) == f"no connection to 127.0.0.1 port {postgres.port}: Connection refused"
    assert not [str(warning.message) for warning in recwarn if issubclass(warning.category, ResourceWarning)]


@pytest.mark.needs(*NEEDS, "redis-server", "sidekiq")
async def test_nothing_is_done_while_the_database_is_gone(postgres, redis_server, sidekiq, push, tmp_path):
    """A stuck process is left alone, with a reason that names the cause, in `status`, too; as soon as the database is back, it is ended."""
    victim = await sidekiq.start(("push",), timeout=2)
    config = write_config(tmp_path, url=redis_server.url, elapsed="1s", grace="10s")
    (tmp_path / "pg").write_text(PASSWORD)
    (tmp_path / "pg").chmod(0o600)
    config.write_text(config.read_text() + CHECKS.format(port=postgres.port))
    async with contextlib.aclosing(AgentProcess(config)) as agent:
        await agent.start()
        await agent.wait_for("the check postgres succeeds")
        await postgres.stop()
        await agent.wait_for("the check postgres fails: no connection to 127.0.0.1 port .*: Connection refused")
        await push(redis_server.client(), "SleepForever")
        await agent.audit_has(lambda row: row.get("guard") == "common_cause")
        (denial,) = await agent.audit(lambda row: row.get("kind") == "decision")
        assert denial["decision"] == "DENY"
        assert denial["reason"] == f"the check postgres fails: no connection to 127.0.0.1 port {postgres.port}: Connection refused"
        assert victim.alive

        await postgres.start()
        assert await agent.sees_off(victim) is not None
        await agent.audit_has(lambda row: row.get("decision") == "ALLOW")
        _, output = await agent.ask("status", "--json")
        (check,) = json.loads(output.splitlines()[0])["checks"]
        assert (check["name"], check["ok"], check["problem"]) == ("postgres", True, "")
        everything = "\n".join((*agent.lines, output))
        assert PASSWORD not in everything
