"""Real Sidekiqs that a job has frozen: what they were running, and what Redis had given them, comes out of them byte for byte."""

import asyncio
import json
import secrets
import time
from typing import Any

import pytest

from tests.service.inspect.conftest import ref
from watchdog.model.findings import Certainty, Origin

pytestmark = [pytest.mark.needs("redis-server", "ptrace"), pytest.mark.timeout(120)]

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
    """The payload of the job that holds the lock is found within two seconds of its start, byte for byte, however hostile it is."""
    one = await sidekiq_inside(suite, redis_server)
    program.start(settings(unit(one.pid)))
    jid, raw = payload("Freeze", f"60,{filler}{'' if suite == 'sid' else TWICE}{HOSTILE}")
    await push(redis_server.client(), raw)
    await one.frozen()
    began = time.monotonic()
    told = await program.client.memory(ref(one.pid), [jid, "ffffffffffffffffffffffff"])
    took = time.monotonic() - began
    print(f"{suite}: {told}, {took:.2f} s")

    assert [(found.jid, found.payload) for found in told.findings] == [(jid, raw)]
    assert (told.findings[0].certainty, told.findings[0].origin, told.partial) == (Certainty.UNKNOWN, Origin.MEMORY, "")
    assert (told.findings[0].job_class, told.findings[0].queue) == ("Freeze", "push")
    assert took < 2


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
    async with asyncio.timeout(5):
        while await client.llen("queue:push"):
            await asyncio.sleep(0.01)
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
