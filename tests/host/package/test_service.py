"""The agent as its package has it: a service without root's rights beside a real Sidekiq of another user, on a Debian 13 with systemd and Redis 8."""

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from tests.suites import package
from tests.suites.booted import PROGRAM, Booted, boot
from tests.suites.package import typed

pytestmark = [pytest.mark.needs("systemd-nspawn", "mount", "trixie-systemd", "package"), pytest.mark.timeout(400)]

UNIT = "sidekiq-watchdog.service"
SIDEKIQ = "mastodon-sidekiq.service"
CONFIG = """\
mode: act
redis: {url: "redis://127.0.0.1:6379/0"}
rules: [pack:sidekiq, pack:mastodon]
state: /var/lib/sidekiq-watchdog
checks:
  disk: {type: command, command: /usr/bin/true, every: 5s, timeout: 5s}
"""
SERVICE = f"""\
[Service]
User=mastodon
Environment=REDIS_URL=redis://127.0.0.1:6379/0 BEAT=3
ExecStart=/usr/bin/sidekiq -r {PROGRAM}/tests/host/systemd/app/app.rb -q default -c 2 -t 4
Restart=on-failure
TimeoutStopSec=15
"""
DROPPED = f"/etc/systemd/system/{UNIT}.d/of-a-test.conf"
KILL = 1 << 5
EXPOSURE = re.compile(r"exposure level for \S+: (\d+\.\d)")
MOST = 2.0


def shown(machine: Booted, name: str, unit: str = UNIT) -> str:
    """A property of a unit."""
    return machine.run("systemctl", "show", "--property", name, "--value", unit).strip()


def said(machine: Booted) -> str:
    """What the agent has written, and systemd of it."""
    return machine.run("journalctl", "--unit", UNIT, "--no-pager", "--output=cat")


@pytest.fixture(scope="module")
def machine() -> Iterator[Booted]:
    """One with the package and a Sidekiq; the agent runs."""
    with boot() as booted:
        booted.run("systemctl", "start", "redis-server")
        package.install(booted)
        booted.run("useradd", "--system", "mastodon")
        configure(booted, CONFIG)
        booted.unit(SIDEKIQ, SERVICE)
        booted.run("systemctl", "start", SIDEKIQ, UNIT)
        try:
            yield booted
        finally:
            print(booted.run("journalctl", "--unit", UNIT, "--unit", SIDEKIQ, "--no-pager", "-n", "150", check=False))


def configure(machine: Booted, text: str) -> None:
    """Give it another config, with the rights that one has."""
    machine.write("/etc/sidekiq-watchdog/config.yml", text)
    machine.run("chgrp", "sidekiq-watchdog", "/etc/sidekiq-watchdog/config.yml")
    machine.run("chmod", "640", "/etc/sidekiq-watchdog/config.yml")


@pytest.fixture
async def dropped(machine: Booted) -> AsyncIterator[Callable[[str], None]]:
    """Change the unit for one test."""

    def drop(text: str) -> None:
        machine.write(DROPPED, text)
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "restart", UNIT)

    yield drop
    machine.run("rm", "-f", DROPPED)
    configure(machine, CONFIG)
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", UNIT)


async def test_rights(machine: Booted) -> None:
    """It is not root and has the one right to signal others; systemd's own judgement of both units is printed, and is below 2."""
    status = (machine.root / "proc" / shown(machine, "MainPID") / "status").read_text()
    kept = dict(line.split(":\t") for line in status.splitlines() if ":\t" in line)
    assert {int(kept[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {KILL}
    assert "0" not in kept["Uid"].split() + kept["Gid"].split()
    assert (kept["NoNewPrivs"], kept["Seccomp"]) == ("1", "2")
    for unit in (UNIT, "sidekiq-watchdog-inspect.service"):
        judged = machine.run("systemd-analyze", "security", "--no-pager", unit)
        print(judged)
        found = EXPOSURE.search(judged)
        assert found is not None, judged
        assert float(found[1]) < MOST


async def test_it_sees_and_acts(machine: Booted, until: Callable[..., Any]) -> None:
    """What it may not do keeps it from nothing: it reads Redis, systemd and the processes of another user, runs checks, and has a unit started anew, jobs kept."""

    async def picture() -> dict[str, Any]:
        code, text = await typed(machine, "status", "--json")
        return json.loads(text) if code == 0 and text.startswith("{") else {}

    async def sees_all() -> Any:
        seen = await picture()
        sources = {name: one["ok"] for name, one in seen.get("sources", {}).items()}
        ready = {"redis", "host", "systemd"} <= {name for name, ok in sources.items() if ok}
        return ready and any(unit["name"] == SIDEKIQ and unit.get("processes") == 1 for unit in seen["units"]) and seen

    seen = await until(sees_all)
    print(json.dumps(seen["sources"]))
    before = shown(machine, "MainPID", SIDEKIQ)
    code, text = await typed(machine, "restart", SIDEKIQ, "--reason", "a new version", "--drain", "20s")
    assert code == 0, text
    assert "a new process of its service beats and works" in text
    assert shown(machine, "MainPID", SIDEKIQ) not in (before, "0")
    machine.run("sidekiq-watchdog", "audit", "--verify")
    # Root gave the order, and left nothing that the agent could not write.
    assert machine.run("find", "/var/lib/sidekiq-watchdog", "-not", "-user", "sidekiq-watchdog") == ""


async def test_log(machine: Booted, until: Callable[..., Any]) -> None:
    """Its lines have levels that the journal understands, and its name."""
    await until(lambda: " runs in mode " in said(machine))
    lines = [json.loads(line) for line in machine.run("journalctl", "--unit", UNIT, "--no-pager", "--output=json").splitlines()]
    own = [line for line in lines if line.get("SYSLOG_IDENTIFIER") == "sidekiq-watchdog"]
    runs = [line for line in own if " runs in mode " in line["MESSAGE"]]
    assert runs
    assert {line["PRIORITY"] for line in runs} == {"6"}
    assert not [line["MESSAGE"] for line in own if line["MESSAGE"].startswith("<")]


async def test_reload(machine: Booted, until: Callable[..., Any]) -> None:
    """What changed is taken over without a restart; a mistake is refused, and what was in force stays."""
    pid = shown(machine, "MainPID")
    configure(machine, CONFIG.replace("mode: act", "mode: dry-run"))
    machine.run("systemctl", "reload", UNIT)
    await until(lambda: "reloaded: mode dry-run" in said(machine))
    configure(machine, CONFIG.replace("mode: act", "mode: nonsense"))
    machine.run("systemctl", "reload", UNIT)
    await until(lambda: "reload refused" in said(machine))
    configure(machine, CONFIG)
    machine.run("systemctl", "reload", UNIT)
    await until(lambda: said(machine).rstrip().rpartition("reloaded: mode ")[2].startswith("act"))
    await until(lambda: shown(machine, "ActiveState") == "active")
    assert shown(machine, "MainPID") == pid


async def test_one_that_hangs_is_begun_anew(machine: Booted, dropped: Callable[[str], None], until: Callable[..., Any]) -> None:
    """The watchdog of systemd ends it, and the next one goes on with the same memory."""
    dropped("[Service]\nWatchdogSec=10s\nRestartSec=100ms\n")
    machine.run("kill", "-STOP", pid := shown(machine, "MainPID"))
    await until(lambda: "Watchdog timeout" in said(machine))
    await until(lambda: shown(machine, "ActiveState") == "active" and shown(machine, "MainPID") not in (pid, "0"))
    machine.run("sidekiq-watchdog", "audit", "--verify")


async def test_credentials(machine: Booted, dropped: Callable[[str], None]) -> None:
    """A secret that systemd hands over is read by the agent, and by root beside it; nobody else could read the file that it comes from."""
    machine.write("/etc/redis-of-sidekiq", "redis://127.0.0.1:6379/0\n")
    machine.run("chmod", "600", "/etc/redis-of-sidekiq")
    configure(machine, CONFIG.replace('"redis://127.0.0.1:6379/0"', '"${credential:redis}"'))
    dropped("[Service]\nLoadCredential=redis:/etc/redis-of-sidekiq\n")
    assert shown(machine, "ActiveState") == "active"
    code, text = await typed(machine, "check")
    assert code == 0, text


DOORS = """\
page: {listen: "127.0.0.1:7655", tokens: {ada: "9f2c4e1ab07d4f63a5e8c210"}}
api: {socket: /run/sidekiq-watchdog/api.sock, group: operators}
"""
LOOK = """\
import socket, sys
try:
    asked = socket.socket(socket.AF_UNIX)
    asked.connect("/run/sidekiq-watchdog/api.sock")
except PermissionError:
    sys.exit("closed")
asked.sendall(f"{sys.argv[1]} /api/v1/{sys.argv[2]} HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n".encode())
print(asked.makefile().readline())
"""
SEE = """\
import re, urllib.request
page = urllib.request.urlopen("http://127.0.0.1:7655/").read().decode()
for path in re.findall(r'"(/static/[^"]+)"', page):
    print(path, urllib.request.urlopen("http://127.0.0.1:7655" + path).status)
"""


async def test_its_doors(machine: Booted, dropped: Callable[[str], None], until: Callable[..., Any]) -> None:
    """Within the bounds of its unit the page is seen, with all that belongs to it; a group that the agent is in may look by its socket and change nothing, and others not even that."""
    machine.run("groupadd", "operators")
    for name, groups in (("olga", ("--groups", "operators")), ("stranger", ())):
        machine.run("useradd", "--system", *groups, name)
    configure(machine, CONFIG + DOORS)
    dropped("[Service]\nSupplementaryGroups=operators\n")

    async def well() -> bool:
        code, text = await typed(
            machine, "doctor", "--json", *(word for name in ("socket", "page", "metrics") for word in ("--only", name))
        )
        return code == 0 and text.count('"health":"ok"') == 3

    await until(well, what="open doors")
    seen = machine.run("python3", "-c", SEE).splitlines()
    assert {line.rpartition(".")[2] for line in seen} == {"css 200", "js 200", "svg 200"}

    def asks(user: str, *words: str) -> str:
        return machine.run("runuser", "-u", user, "--", "python3", "-c", LOOK, *words, check=False)

    assert " 200 " in asks("olga", "GET", "status")
    assert " 403 " in asks("olga", "POST", "resume")
    assert " 200 " not in asks("stranger", "GET", "status")


ASK = """\
import json, socket
asked = socket.socket(socket.AF_UNIX)
asked.connect("/run/sidekiq-watchdog-inspect.sock")
asked.sendall(json.dumps({"ask": "facts", "pid": 1, "start_ticks": 0}).encode() + b"\\n")
print(asked.makefile().read())
"""


async def test_inspect(machine: Booted) -> None:
    """What reads frozen processes is off until it is turned on, and then answers the agent's user."""
    assert not (machine.root / "run/sidekiq-watchdog-inspect.sock").exists()
    machine.run("systemctl", "enable", "--now", "sidekiq-watchdog-inspect.socket")
    answer = machine.run("python3", "-c", ASK, user="sidekiq-watchdog")
    assert "refused" in answer
    assert machine.run("journalctl", "--unit", "sidekiq-watchdog-inspect", "--no-pager", "--output=cat")
    machine.run("systemctl", "disable", "--now", "sidekiq-watchdog-inspect.socket")
