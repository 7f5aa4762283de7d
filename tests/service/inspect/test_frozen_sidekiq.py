"""Real Sidekiqs that a job has frozen: what they were running, and what Redis had given them, comes out of them byte for byte."""

import secrets
import time
from typing import Any

import pytest

from tests.service.conftest import RedisServer
from tests.service.inspect.conftest import ref
from tests.service.test_connections import certify
from watchdog.model.findings import Certainty, Origin

pytestmark = [pytest.mark.needs("redis-server", "ptrace"), pytest.mark.timeout(180)]

SUITES = [pytest.param(suite, marks=pytest.mark.needs(suite)) for suite in ("bookworm", "trixie", "sid")]
HOSTILE = (
    '"ümläut 日本 😀","\u2028\u2029","\\u00e9\\/\\ud83d\\ude00\\u0000",1.0e+20,1.0e-07,-0.0,12345678901234567890123,'
    '{"class":"Evil","args":[],"jid":"ffffffffffffffffffffffff"},"{\\"jid\\":\\"ffffffffffffffffffffffff\\",\\"class\\":\\"X\\",\\"args\\":[]}","{","}","]["'
)


TWICE = '{"a":1,"a":2},'
"""The JSON of Debian sid's Ruby (3.1) refuses it, and Sidekiq with it."""


def payload(name: str, args: str, *, jid: str = "") -> tuple[str, bytes]:
    """A job as bytes that no serializer of ours would write, and its jid."""
    jid = jid or secrets.token_hex(12)
    now = time.time()
    return jid, (
        f'{{"retry":true,"queue":"push","class":"{name}","args":[{args}],"jid":"{jid}","created_at":{now},"enqueued_at":{now}}}'
    ).encode()


async def push(client: Any, *payloads: bytes) -> None:
    """Into the queue."""
    await client.lpush("queue:push", *payloads)


def settings(unit: str) -> str:
    """Settings that let the user of the tests ask."""
    return f'units = ["{unit}"]\nallow = [0]\nenv = ["RUN_DIR"]\n'


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("filler", ["", '"' + "x" * 1_500_000 + '",'])
async def test_the_job_that_froze_its_process(suite, filler, redis_server, sidekiq_inside, unit, program):
    """The payload of a job that froze its process right after its start is found, byte for byte, however hostile it is."""
    one = await sidekiq_inside(suite, redis_server)
    program.start(settings(unit(one.pid)))
    jid, raw = payload("Freeze", f"60,{filler}{'' if suite == 'sid' else TWICE}{HOSTILE}")
    await push(redis_server.client(), raw)
    await one.frozen()
    told = await program.client.memory(ref(one.pid), [jid, "ffffffffffffffffffffffff"])
    print(f"{suite}: {told}")

    assert [(found.jid, found.payload) for found in told.findings] == [(jid, raw)]
    # The text that looks like a job has come with the arguments, and lies in memory as they were parsed.
    assert told.quoted == 1
    assert (told.findings[0].certainty, told.findings[0].origin, told.partial) == (Certainty.UNKNOWN, Origin.MEMORY, "")
    assert (told.findings[0].job_class, told.findings[0].queue) == ("Freeze", "push")


@pytest.mark.parametrize("suite", SUITES)
async def test_jobs_that_idle_threads_have_swallowed(suite, redis_server, sidekiq_inside, unit, program):
    """Twenty jobs that Redis gave to twenty idle threads of a frozen process are all found in its sockets, and nobody has consumed a byte."""
    one = await sidekiq_inside(suite, redis_server, concurrency=21)
    program.start(settings(unit(one.pid)))
    client = redis_server.client()
    await push(client, payload("Freeze", "60")[1])
    await one.frozen()
    jobs = [payload("Quick", f"{number},{HOSTILE}") for number in range(20)]
    await push(client, *(raw for _, raw in jobs))
    await one.took_all()
    told = await program.client.sockets(ref(one.pid))
    print(f"{suite}: {told}")
    again = await program.client.sockets(ref(one.pid), [f"127.0.0.1:{redis_server.port}"])

    assert sorted((found.jid, found.payload) for found in told.findings) == sorted(jobs)
    assert {(found.certainty, found.origin, found.queue, found.job_class) for found in told.findings} == {
        (Certainty.PROVEN, Origin.SOCKET, "push", "Quick")
    }
    assert (told.unreadable, told.cut, told.foreign, told.encrypted, told.partial) == ((), 0, 0, 0, "")
    assert sorted((found.jid, found.payload) for found in again.findings) == sorted(jobs)
    nothing = await program.client.sockets(ref(one.pid), ["127.0.0.1:1"])
    assert nothing.findings == ()


@pytest.mark.parametrize("suite", SUITES)
async def test_over_a_unix_socket(suite, redis_server, sidekiq_inside, unit, program):
    """A Redis on a unix socket gives its jobs away just so; a large one is seen in part, and said to be missing."""
    one = await sidekiq_inside(suite, redis_server, url="unix://{run}/redis.sock", concurrency=5)
    program.start(settings(unit(one.pid)))
    client = redis_server.client()
    await push(client, payload("Freeze", "60")[1])
    await one.frozen()
    jobs = [payload("Quick", f"{number},{HOSTILE}") for number in range(3)]
    large = payload("Quick", '"' + "x" * 8_000_000 + '"')
    await push(client, *(raw for _, raw in (*jobs, large)))
    await one.took_all()
    told = await program.client.sockets(ref(one.pid))
    print(f"{suite}: {told}")

    assert sorted((found.jid, found.payload) for found in told.findings) == sorted(jobs)
    assert (told.cut, told.foreign, told.encrypted) == (1, 0, 0)


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("suite", SUITES)
async def test_over_tls(suite, tmp_path, sidekiq_inside, unit, program):
    """With TLS the job that runs is found in memory, and of those that were given to idle threads it is said how many there may be."""
    folder = tmp_path / "tls"
    folder.mkdir()
    certify(folder)
    server = RedisServer(folder)
    server.options = ("--tls-port", str(server.port), "--port", "0", "--tls-auth-clients", "no")
    server.options += tuple(part for kind, file in (("cert", "server.pem"), ("key", "server.key"), ("ca-cert", "ca.pem")) for part in (f"--tls-{kind}-file", str(folder / file)))  # fmt: skip
    await server.start()
    try:
        one = await sidekiq_inside(suite, server, url=f"rediss://127.0.0.1:{server.port}/0", concurrency=5)
        program.start(settings(unit(one.pid)))
        client = server.client()
        jid, raw = payload("Freeze", "60")
        await push(client, raw)
        await one.frozen()
        await push(client, *(payload("Quick", f"{number}")[1] for number in range(4)))
        await one.took_all()
        told = await program.client.sockets(ref(one.pid), [f"127.0.0.1:{server.port}"])
        print(f"{suite}: {told}")
        memory = await program.client.memory(ref(one.pid), [jid])

        assert told.findings == ()
        assert told.encrypted == 4
        assert [found.payload for found in memory.findings] == [raw]
    finally:
        await server.close()


@pytest.mark.needs("bookworm", "setuid")
async def test_as_another_user_with_one_capability(redis_server, sidekiq_inside, unit, program, restricted):
    """CAP_SYS_PTRACE alone is enough for all of it, as a user who owns nothing of the process."""
    one = await sidekiq_inside("bookworm", redis_server, concurrency=3)
    program.folder = restricted.folder
    program.path, program.config = restricted.folder / "inspect.sock", restricted.folder / "inspect.toml"
    program.start(settings(unit(one.pid)), before=restricted.before, command=restricted.command)
    client = redis_server.client()
    jid, raw = payload("Freeze", "60")
    await push(client, raw)
    await one.frozen()
    swallowed = payload("Quick", "")
    await push(client, swallowed[1])
    await one.took_all()
    told = await program.client.memory(ref(one.pid), [jid])
    waiting = await program.client.sockets(ref(one.pid))
    facts = await program.client.facts(ref(one.pid))
    print(told, waiting, facts)

    assert [found.payload for found in told.findings] == [raw]
    assert [(found.jid, found.payload) for found in waiting.findings] == [swallowed]
    assert facts.uss <= facts.pss <= facts.rss
    assert facts.uss > 2**20
    assert facts.environment == {"RUN_DIR": str(redis_server.folder)}
    assert facts.files["socket"] >= 3
    assert facts.peers[f"127.0.0.1:{redis_server.port}"] >= 3
