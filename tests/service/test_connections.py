"""Every way to a Redis that a config can name, on real servers: sockets, TLS with certificates, users, databases, namespaces, Sentinel."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bench.beats import SimulatedProcess
from tests.service.agent import AgentProcess
from tests.service.conftest import RedisServer
from tests.service.sentinels import NAME, Quorum
from watchdog.clock import Clock
from watchdog.model.events import Body, Observed, SourceBack, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.sidekiq.address import sentinels
from watchdog.sidekiq.app_server import AppServer

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]


def certify(folder: Path) -> None:
    """A CA, a certificate of a server called localhost, and one of a client, in that folder."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test CA")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name in ("server", "client"):
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", f"{name}.pem",
                "-days", "2", "-extfile", "names")  # fmt: skip


@pytest.fixture
async def tls_server(tmp_path: Path) -> AsyncIterator[RedisServer]:
    """A Redis that speaks TLS on its port and wants a client certificate; its folder holds them all."""
    folder = tmp_path / "tls"
    folder.mkdir()
    certify(folder)
    files = {"tls-cert-file": "server.pem", "tls-key-file": "server.key", "tls-ca-cert-file": "ca.pem"}
    server = RedisServer(folder, *(part for option, file in files.items() for part in (f"--{option}", str(folder / file))))
    server.options = ("--tls-port", str(server.port), "--port", "0", *server.options)
    await server.start()
    yield server
    await server.close()


@pytest.mark.needs("openssl")
async def test_tls_with_a_ca_and_a_client_certificate(tls_server, following):
    """The server is checked against the CA, and checks us; beats are heard as on any connection."""
    client, folder = tls_server.client(), tls_server.folder
    process = SimulatedProcess()
    await process.beat(client)
    one = following(
        url=f"rediss://localhost:{tls_server.port}/0?ssl_ca_certs={folder}/ca.pem&ssl_certfile={folder}/client.pem&ssl_keyfile={folder}/client.key"
    )
    (snapshot,) = await one.until(lambda: one.said)
    assert snapshot.complete
    process.run("t1")
    await process.beat(client)
    await one.until(lambda: one.readings(process.identity)["busy"] == 1)
    assert one.follower.tracking


@pytest.mark.needs("openssl")
@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("ssl_certfile={0}/client.pem&ssl_keyfile={0}/client.key", "tls"),  # a CA that the machine does not know
        ("ssl_ca_certs={0}/ca.pem", "tls"),  # no certificate of ours
        ("ssl_ca_certs={0}/missing.pem", "tls"),
    ],
    ids=["unknown CA", "no client certificate", "missing file"],
)
async def test_tls_that_fails_is_said(tls_server, following, options, code):
    """Each time in a sentence about TLS."""
    one = following(url=f"rediss://localhost:{tls_server.port}/0?{options.format(tls_server.folder)}", answer_within=2.0)
    (lost, *_) = await one.until(lambda: one.said)
    assert (lost.code, "TLS" in lost.message or "certificate" in lost.message) in ((code, True), ("reset", False))


async def test_a_database_and_a_namespace(redis_server, following, push):
    """Only what lies there is seen: database 3, under a prefix as redis-namespace makes it."""
    own, other = redis_server.client(db=3), redis_server.client(db=0)
    mine, stranger, elsewhere = SimulatedProcess(1, namespace="mast"), SimulatedProcess(2), SimulatedProcess(3, namespace="mast")
    mine.run("t1")
    await mine.beat(own)
    await stranger.beat(own)
    await elsewhere.beat(other)
    await push(own, "Quick", queue="pull", namespace="mast")
    one = following(url=redis_server.unix_url.replace("db=0", "db=3"), namespace="mast")
    await one.until(lambda: one.said)
    assert {change.id for change in one.changes if change.kind is Kind.PROCESS} == {mine.identity}
    assert one.readings("pull")["size"] == 1
    await mine.beat(own, busy=7)
    await one.until(lambda: one.readings(mine.identity)["busy"] == 7)


@pytest.mark.needs("sidekiq")
async def test_real_keys_under_a_namespace(redis_server, sidekiq, following, push):
    """What a real Sidekiq has written, under a prefix, is read as the same process and job."""
    client = redis_server.client()
    victim = await sidekiq.start(("push",))
    jid = await push(client, "SleepForever")
    plain = following(url=redis_server.url)
    await plain.until(lambda: any(change.kind is Kind.JOB for change in plain.changes))
    victim.signal(19)  # SIGSTOP: its keys stay as they are
    for key in await client.keys():
        await client.copy(key, b"mast:" + key)
    prefixed = following(url=redis_server.url, namespace="mast")
    await prefixed.until(lambda: prefixed.said)
    jobs = [change for change in prefixed.changes if change.kind is Kind.JOB]
    assert [change.fields["jid"] for change in jobs] == [jid]
    same = ("queues", "threads", "host", "pid", "tag")
    assert [prefixed.readings(victim.identity)[slot] for slot in same] == [plain.readings(victim.identity)[slot] for slot in same]


@pytest.fixture
async def quorum(tmp_path: Path) -> AsyncIterator[Quorum]:
    """Servers with a password, and Sentinels with another."""
    one = Quorum(
        tmp_path, "--requirepass", "inner", "--masterauth", "inner", sentinels=(f"sentinel auth-pass {NAME} inner", "requirepass outer")
    )
    try:
        await one.start()
        yield one
    finally:
        await one.close()


async def test_sentinels_with_a_password_of_their_own(quorum, following):
    """The first of the Sentinels is dead; the second is asked with its own password, and names a master that has another."""
    await quorum.sentinels[0].stop()
    one = following(url=sentinels(quorum.at, master=NAME, url="redis://:inner@/1", password="outer"))
    (snapshot,) = await one.until(lambda: one.said)
    assert snapshot.complete
    assert one.readings("redis")["role"] == "master"


@pytest.mark.parametrize(
    ("master", "password", "code"),
    [("nobody", "outer", "unelected"), (NAME, "wrong", "sentinel_auth"), (NAME, "", "sentinel_auth")],
    ids=["unknown name", "wrong password", "no password"],
)
async def test_what_sentinels_refuse_is_said(quorum, following, master, password, code):
    """In a sentence of its own."""
    one = following(url=sentinels(quorum.at, master=master, url="redis://:inner@", password=password))
    (lost, *_) = await one.until(lambda: one.said)
    assert lost.code == code
    assert "inner" not in lost.message


async def test_no_sentinel_and_no_master(redis_server, following, tmp_path):
    """Where nobody answers, and where a replica is named as the master."""
    one = following(url=sentinels(["127.0.0.1:1", "127.0.0.1:2"], master=NAME))
    (lost, *_) = await one.until(lambda: one.said)
    assert (lost.code, "127.0.0.1:1, 127.0.0.1:2" in lost.message) == ("sentinels", True)


class App:
    """A running follower of an application's Redis."""

    def __init__(self, url: str) -> None:
        self.said: list[Body] = []
        self._task = asyncio.create_task(AppServer(url=url, clock=Clock(), emit=self.said.append, answer_within=1.0).run())

    async def close(self) -> None:
        """Stop it."""
        self._task.cancel()
        await asyncio.wait({self._task})


async def test_the_application_s_redis_comes_and_goes_by_itself(redis_server, until):
    """It is read at once, said to be lost and to be back, each under a source of its own."""
    app = App(redis_server.url)
    try:
        await until(lambda: app.said)
        (first,) = app.said
        assert isinstance(first, Observed)
        assert (first.source, first.complete) == (Source.APP_REDIS, True)
        assert [(change.kind, change.id) for change in first.changes] == [(Kind.REDIS, "app")]
        await redis_server.stop()
        await until(lambda: any(isinstance(body, SourceLost) for body in app.said))
        await redis_server.start()
        await until(lambda: app.said[-1] == SourceBack(Source.APP_REDIS))
    finally:
        await app.close()


CONFIG = """\
redis:
  sentinels: {sentinels}
  master: {name}
  url: "redis://:inner@/1"
  sentinel_password: "${{file:outer}}"
app_redis: {{url: "{app}"}}
rules: [rules.yml]
state: state
"""


async def test_the_agent_with_sentinels_and_a_second_redis(quorum, redis_server, tmp_path, until):
    """As an operator would configure it: `status` knows both sources, and only one of them is lost with its server."""
    (tmp_path / "outer").write_text("outer\n")
    (tmp_path / "outer").chmod(0o600)
    (tmp_path / "rules.yml").write_text("rules: []\n")
    config = tmp_path / "config.yml"
    config.write_text(CONFIG.format(sentinels=list(quorum.at), name=NAME, app=redis_server.url))
    agent = AgentProcess(config)
    try:
        await agent.start()

        async def sources(*names: str) -> bool:
            _, output = await agent.ask("status", "--json")
            told = json.loads(output)["sources"]
            return [name for name, source in told.items() if source["ok"]] == list(names)

        await until(lambda: sources("redis", "host", "app_redis"), what="both to be read")
        await redis_server.stop()
        await agent.wait_for("source: entity='app_redis' outcome='lost'")
        await until(lambda: sources("redis", "host"), what="the loss of one")
        assert await agent.stop() == 0
    finally:
        await agent.aclose()
