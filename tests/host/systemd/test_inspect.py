"""The units that inspect frozen Sidekiqs, just as they are shipped, under a real systemd."""

import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from tests.host.systemd.conftest import NEEDS, RedisInside, service
from tests.suites.booted import CHECKOUT, INTERPRETER, PROGRAM, Booted
from watchdog.recovery.inspecting import SOCKET, Facts, Memory, NotInspected, Waiting

pytestmark = [pytest.mark.needs(*NEEDS, "ptrace"), pytest.mark.timeout(120)]

UNIT = "sidekiq-watchdog-inspect"
HOME = "/opt/sidekiq-watchdog"
ENTRY = f"""\
#!/usr/bin/python3
import sys
sys.path.insert(0, "{HOME}/lib")
from watchdog.inspect.program import main
sys.exit(main())
"""
"""Needs nothing but Python's own library, so the Python of that machine does."""
SIDEKIQ = "mastodon-sidekiq.service"
THREADS = 6
ANSWERS = {"Memory": Memory, "Waiting": Waiting, "Facts": Facts, "NotInspected": NotInspected}
SYS_PTRACE = 1 << 19


@pytest.fixture
def installed(lent: Booted) -> Iterator[Booted]:
    """The machine with units, settings and program in their places, and nothing turned on."""
    shutil.copytree(CHECKOUT / "watchdog", lent.root / f"{HOME}/lib/watchdog".lstrip("/"), ignore=shutil.ignore_patterns("__pycache__"))
    lent.write(f"{HOME}/bin/{UNIT}", ENTRY)
    lent.write("/etc/sidekiq-watchdog/inspect.toml", (CHECKOUT / "packaging/inspect.toml").read_text())
    lent.run("chmod", "-R", "u=rwX,go=rX", HOME, "/etc/sidekiq-watchdog")
    lent.run("chmod", "755", f"{HOME}/bin/{UNIT}")
    for kind in ("socket", "service"):
        lent.unit(f"{UNIT}.{kind}", (CHECKOUT / f"packaging/{UNIT}.{kind}").read_text())
    yield lent
    lent.run("systemctl", "disable", "--now", f"{UNIT}.socket", f"{UNIT}.service")
    lent.run("systemctl", "kill", "--signal=KILL", SIDEKIQ, check=False)
    lent.run("rm", "-r", HOME, "/etc/sidekiq-watchdog", *(f"/etc/systemd/system/{UNIT}.{kind}" for kind in ("socket", "service")))
    lent.run("systemctl", "daemon-reload")


def payload(name: str) -> tuple[str, bytes]:
    """A job with words that no serializer of ours would write so, and its jid."""
    jid = secrets.token_hex(12)
    args = f'[60,"\\u00e9\\/ ümläut 😀",1.0e+20,"{secrets.token_hex(50)}"]'
    return jid, f'{{"retry":true,"queue":"push","class":"{name}","args":{args},"jid":"{jid}","created_at":{time.time()}}}'.encode()


def asked(machine: Booted, pid: int, *jids: str, user: str = "sidekiq-watchdog") -> list[Any]:
    """What that user is told of a process: of its memory, of its connections, and its facts."""
    program = f"{PROGRAM}/tests/host/systemd/asking.py"
    said = machine.run(INTERPRETER, program, str(pid), *jids, user=user, env=machine.environment())
    return [msgspec.convert(answer, ANSWERS[kind]) for kind, answer in map(msgspec.json.decode, said.splitlines())]


def codes(answers: list[Any]) -> set[str]:
    """Why nothing was told."""
    assert all(isinstance(answer, NotInspected) for answer in answers), answers
    return {answer.code for answer in answers}


def main_pid(machine: Booted, unit: str) -> int:
    """As that machine numbers it; 0 if it does not run."""
    return int(machine.run("systemctl", "show", "-P", "MainPID", unit))


async def frozen(machine: Booted, server: RedisInside, until: Callable[..., Any]) -> tuple[int, tuple[str, bytes], dict[str, bytes]]:
    """A Sidekiq that a job has just frozen: its pid, that job, and the jobs that Redis has given to its idle threads since."""
    environment = f"REDIS_URL={server.url} RUN_DIR=/run/frozen DB_POOL=25 SECRET_KEY_BASE=never-told"
    command = f"/usr/bin/sidekiq -r {PROGRAM}/tests/service/inspect/app/app.rb -q push -c {THREADS}"
    machine.unit(SIDEKIQ, service(command, User="mastodon", Environment=environment, RuntimeDirectory="frozen"))
    machine.run("systemctl", "start", SIDEKIQ)

    async def all_wait() -> bool:
        return (await server.client.info("clients"))["blocked_clients"] == THREADS

    await until(all_wait, within=30)
    jid, raw = payload("Freeze")
    await server.client.lpush("queue:push", raw)
    await until((machine.root / "run/frozen/frozen").exists)
    others = dict(payload("Quick") for _ in range(THREADS - 1))
    await server.client.lpush("queue:push", *others.values())
    # A thread whose wait of 2 s was over asks no more.
    left = await server.client.lrange("queue:push", 0, -1)
    return main_pid(machine, SIDEKIQ), (jid, raw), {one: text for one, text in others.items() if text not in left}


async def test_as_shipped(installed: Booted, redis_inside: RedisInside, until: Callable[..., Any]) -> None:
    """Off until it is turned on; then it gives what a frozen process holds, byte for byte, to the agent's user and nobody else, with one capability and no more."""
    pid, (jid, raw), others = await frozen(installed, redis_inside, until)
    assert others
    assert installed.run("systemctl", "is-enabled", f"{UNIT}.socket", check=False).strip() == "disabled"
    assert not (installed.root / str(SOCKET).lstrip("/")).exists()
    assert codes(asked(installed, pid, jid)) == {"not-there"}

    installed.run("systemctl", "enable", "--now", f"{UNIT}.socket")
    assert codes(asked(installed, pid, jid, user="stranger")) == {"no-access"}
    assert main_pid(installed, f"{UNIT}.service") == 0
    assert codes(asked(installed, pid, jid, user="")) == {"not-allowed"}

    memory, waiting, facts = asked(installed, pid, jid, *others)
    print(memory, waiting, facts, sep="\n")
    assert {one.jid: one.payload for one in memory.findings} == {jid: raw}
    assert {one.jid: one.payload for one in waiting.findings} == others
    assert (memory.partial, memory.contradicted, waiting.partial, waiting.unreadable, waiting.cut) == ("", (), "", (), 0)
    assert facts.environment == {"DB_POOL": "25"}
    assert facts.peers["127.0.0.1:6400"] >= THREADS

    assert codes(asked(installed, 1, jid)) == {"protected"}
    assert codes(asked(installed, main_pid(installed, "dbus.service"), jid)) == {"not-named"}
    status = (installed.root / f"proc/{main_pid(installed, f'{UNIT}.service')}/status").read_text()
    kept = dict(line.split(":\t") for line in status.splitlines() if ":\t" in line)
    assert {int(kept[name], 16) for name in ("CapEff", "CapPrm", "CapBnd")} == {SYS_PTRACE}
    assert "0" not in kept["Uid"].split()
    assert (kept["NoNewPrivs"], kept["Seccomp"]) == ("1", "2")

    said = installed.run("journalctl", "--unit", UNIT, "--output=cat", "--no-pager")
    assert jid not in said
    assert "ümläut" not in said
    assert installed.run("systemctl", "is-active", SIDEKIQ).strip() == "active"
