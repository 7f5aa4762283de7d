"""
What the whole agent costs a server, as it is installed from its package: five minutes beside three real Sidekiqs of 25 threads.

On a booted Debian 13, with its Redis 8 and Sidekiq 7.3: the agent is the service that the package has, under its own user and all its limits, with both packs in mode
`act`. Some ten jobs a second run, and a few for long. Beside the agent's time and memory stand those of one of the Sidekiqs; beside what Redis has to do with it, what
it has to do in two more minutes without it. In two minutes between them somebody has the page open.
"""

import asyncio
import contextlib
import json
import secrets
import time

import redis.asyncio

from tests.bench.onlooker import look_on
from tests.bench.rows import Row
from tests.suites import package
from tests.suites.booted import PROGRAM, Booted, boot

MINUTES = 5
LOOKED_AT = 2
WITHOUT = 2
SETTLING = 40
EVERY = 0.1
LONG_EVERY = 300
AGENT = "sidekiq-watchdog.service"
SIDEKIQS = tuple(f"mastodon-sidekiq@{queue}.service" for queue in ("default", "push", "pull"))
SERVICE = f"""\
[Service]
User=mastodon
Environment=REDIS_URL=redis://127.0.0.1:6379/0
ExecStart=/usr/bin/sidekiq -r {PROGRAM}/tests/service/sidekiq_app/app.rb -q %i -c 25
"""
CONFIG = "mode: act\nredis: {url: 'redis://127.0.0.1:6379/0'}\nrules: [pack:sidekiq, pack:mastodon]\nstate: /var/lib/sidekiq-watchdog\n"


def ready(machine: Booted) -> None:
    """Everything installed and running."""
    package.install(machine)
    machine.run("useradd", "--system", "mastodon")
    machine.write("/etc/sidekiq-watchdog/config.yml", CONFIG)
    machine.run("chgrp", "sidekiq-watchdog", "/etc/sidekiq-watchdog/config.yml")
    # By a socket that the bench can reach; what runs inside uses the port.
    machine.write("/etc/redis/bench.conf", "include /etc/redis/redis.conf\nunixsocket /run/redis/bench.sock\nunixsocketperm 777\n")
    machine.unit(
        "redis-server.service.d/bench.conf",
        "[Service]\nExecStart=\nExecStart=/usr/bin/redis-server /etc/redis/bench.conf --supervised systemd --daemonize no\n",
    )
    machine.unit("mastodon-sidekiq@.service", SERVICE)
    machine.run("systemctl", "restart", "redis-server")
    machine.run("systemctl", "start", *SIDEKIQS, AGENT)


class Process:
    """A service of that machine, by its main process."""

    def __init__(self, machine: Booted, unit: str) -> None:
        self._place = machine.root / "proc" / machine.run("systemctl", "show", "--property", "MainPID", "--value", unit).strip()

    def seconds(self) -> float:
        """Of processor time, to the nanosecond."""
        return sum(int(task.read_text().split()[0]) for task in (self._place / "task").glob("*/schedstat")) / 1e9

    def memory(self) -> float:
        """MB."""
        status = (self._place / "status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))) * 1024 / 1e6


async def work(client: redis.asyncio.Redis) -> None:
    """Jobs, until cancelled."""
    number = 0
    while True:
        kind, args = ("Sleep", [90]) if number % LONG_EVERY == 0 else ("Quick", [])
        queue = ("default", "push", "pull")[number % 3]
        job = {"retry": True, "queue": queue, "class": kind, "args": args, "jid": secrets.token_hex(12), "created_at": time.time()}
        await client.lpush(f"queue:{queue}", json.dumps(job))
        number += 1
        await asyncio.sleep(EVERY)


async def asked(client: redis.asyncio.Redis) -> int:
    """How many commands Redis has carried out since it began, those of scripts and of this bench among them."""
    return int((await client.info("stats"))["total_commands_processed"])


async def measured(machine: Booted, client: redis.asyncio.Redis) -> list[Row]:
    """Both times."""
    agent, sidekiq, server = (Process(machine, unit) for unit in (AGENT, SIDEKIQS[0], "redis-server.service"))
    await asyncio.sleep(SETTLING)
    before, commands, began = [one.seconds() for one in (agent, sidekiq, server)], await asked(client), time.monotonic()
    most = await _most(MINUTES, agent, sidekiq)
    lasted = time.monotonic() - began
    shares = [(one.seconds() - start) / lasted * 100 for one, start in zip((agent, sidekiq, server), before, strict=True)]
    sent = (await asked(client) - commands) / lasted
    seen = json.loads(machine.run("sidekiq-watchdog", "status", "--json"))["entities"]
    assert seen["process"] == len(SIDEKIQS), seen
    seconds, (looked_at,) = await _looked_at(machine, agent)

    machine.run("systemctl", "stop", AGENT)
    busy, commands, began = server.seconds(), await asked(client), time.monotonic()
    await asyncio.sleep(WITHOUT * 60)
    lasted = time.monotonic() - began
    alone, sent_alone = (server.seconds() - busy) / lasted * 100, (await asked(client) - commands) / lasted
    core, without = "% of a core", "without the agent"
    return [
        Row(
            what="processor of the agent as a service, 5 min",
            value=shares[0],
            unit=core,
            beside=shares[1],
            beside_what="one Sidekiq",
            goal="≤ 0.5 %",
        ),
        Row(what="its memory, at most", value=most[0], unit="MB", beside=most[1], beside_what="one Sidekiq", goal="≤ 70 MB"),
        Row(what="its processor while somebody has the page open", value=seconds, unit=core, beside=shares[0], beside_what="nobody looks"),
        Row(what="its memory then, at most", value=looked_at, unit="MB", beside=most[0], beside_what="nobody looks", goal="≤ 70 MB"),
        Row(what="processor of Redis", value=shares[2], unit=core, beside=alone, beside_what=without),
        Row(what="commands to Redis", value=sent, unit="/s", beside=sent_alone, beside_what=without),
    ]


async def _most(minutes: float, *processes: Process) -> list[float]:
    """The most memory that each has in that time, in MB."""
    most, end = [0.0 for _ in processes], time.monotonic() + minutes * 60
    while time.monotonic() < end:
        most = [max(one, process.memory()) for one, process in zip(most, processes, strict=True)]
        await asyncio.sleep(5)
    return most


async def _looked_at(machine: Booted, agent: Process) -> tuple[float, list[float]]:
    """Its processor, as a share of a core, and its memory with one who looks; loading the page for the first time is not counted."""
    onlooker = asyncio.create_task(look_on(machine.root / "var/lib/sidekiq-watchdog/api.sock"))
    try:
        await asyncio.sleep(SETTLING)
        before, began = agent.seconds(), time.monotonic()
        most = await _most(LOOKED_AT, agent)
        share = (agent.seconds() - before) / (time.monotonic() - began) * 100
        assert not onlooker.done(), onlooker
        return share, most
    finally:
        onlooker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await onlooker


async def main() -> list[Row]:
    """The machine, and the five minutes on it."""
    with boot() as machine:
        ready(machine)
        client = redis.asyncio.Redis(unix_socket_path=str(machine.root / "run/redis/bench.sock"))
        stream = asyncio.create_task(work(client))
        try:
            return await measured(machine, client)
        finally:
            stream.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await stream
            await client.aclose()
