"""Named commands as they are on a server: units that root has installed, started over D-Bus by the agent's user, run as another."""

import asyncio
import contextlib
import json
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.host.systemd.conftest import NEEDS, service
from tests.suites.booted import CHECKOUT, INTERPRETER, PROGRAM, Booted
from tests.unit.commands.hostile import HOSTILE, OF_A_TYPE
from watchdog.model.named.handing_over import SPOOL, request, unit_of

pytestmark = [pytest.mark.needs(*NEEDS), pytest.mark.timeout(400)]

HOME = "/opt/sidekiq-watchdog"
NAME = f"{HOME}/bin/sidekiq-watchdog-command"
ENTRY = f"""\
#!/usr/bin/python3
import sys
sys.path.insert(0, "{HOME}/lib")
from watchdog.commands.program import main
sys.exit(main())
"""
"""Needs nothing but Python's own library, so the Python of that machine does."""
FOLDER = "/srv/commands"
COMMANDS = f"""\
[commands.hello]
user = "mastodon"
directory = "{FOLDER}"
environment = {{ GREETING = "hello" }}
argv = ["{FOLDER}/hello", "--to={{whom}}"]
timeout = "1m"
arguments = {{ whom = {{ type = "domain" }} }}
[commands.note]
user = "mastodon"
directory = "{FOLDER}"
argv = ["{FOLDER}/note", "{{class}}"]
arguments = {{ class = {{ type = "class" }} }}
[commands.hang]
user = "mastodon"
argv = ["/bin/sleep", "1000"]
timeout = "10s"
[commands.gate]
user = "mastodon"
argv = ["{FOLDER}/gate"]
timeout = "1m"
"""
HELLO = '#!/bin/sh\necho "$GREETING $* from $(id -un) in $(pwd)"\n'
GATE = f"#!/bin/sh\necho run >> {FOLDER}/count\nread line < {FOLDER}/gate.fifo\necho through\n"
NOTE = f'#!/bin/sh\necho "$# $1" >> {FOLDER}/noted\n'
CONFIG = "mode: act\nredis: {url: 'redis://127.0.0.1:6400/0'}\nrules: [rules.yml]\nstate: /var/lib/sidekiq-watchdog\n"
RULES = """\
rules:
  - rule: failing
    each: retry_group
    when: retry_group.size >= 1
    for: 1s
    then:
      - run: {command: note, with: {class: retry_group.class}}
    guards: {cooldown: 1h, budget: 100/1h}
"""
RUNNING = "watchdog-commanding.service"
POLKIT = "/etc/polkit-1/rules.d/50-sidekiq-watchdog.rules"
AGENT = "sidekiq-watchdog"


@contextlib.contextmanager
def installed(machine: Booted) -> Iterator[Booted]:
    """The commands are installed by root, the agent's folders and the polkit rule in their places, for as long as this lasts."""
    shutil.copytree(CHECKOUT / "watchdog", machine.root / f"{HOME}/lib/watchdog".lstrip("/"), ignore=shutil.ignore_patterns("__pycache__"))
    machine.write(NAME, ENTRY)
    machine.write("/etc/sidekiq-watchdog/commands.toml", COMMANDS)
    for name, text in (("hello", HELLO), ("gate", GATE), ("note", NOTE)):
        machine.write(f"{FOLDER}/{name}", text)
    machine.run("mkfifo", f"{FOLDER}/gate.fifo")
    machine.run("chown", "-R", "mastodon", FOLDER)
    machine.run("chmod", "-R", "u=rwX,go=rX", HOME, "/etc/sidekiq-watchdog", FOLDER)
    machine.run("chmod", "755", NAME, *(f"{FOLDER}/{name}" for name in ("hello", "gate", "note")))
    for folder, mode in (("/run/sidekiq-watchdog", "755"), ("/var/lib/sidekiq-watchdog", "700")):
        machine.run("install", "-d", "-o", AGENT, "-m", mode, folder)
    polkit(machine, is_there=True)
    said = machine.run(NAME, "install")
    assert set(said.splitlines()) == {f"/etc/systemd/system/{unit_of(name)}: written" for name in ("hello", "hang", "gate", "note")}
    try:
        yield machine
    finally:
        polkit(machine, is_there=False)
        machine.write("/etc/sidekiq-watchdog/commands.toml", "")
        machine.run(NAME, "install")
        machine.run("rm", "-r", HOME, "/etc/sidekiq-watchdog", FOLDER, "/run/sidekiq-watchdog", "/var/lib/sidekiq-watchdog")


@pytest.fixture(scope="module")
def commands(machine: Booted) -> Iterator[Booted]:
    """The machine with them."""
    if why := machine.why_no_python():
        pytest.skip(f"this machine's Python does not run in the suite: {why}")
    with installed(machine) as ready:
        yield ready


def polkit(machine: Booted, *, is_there: bool) -> None:
    """Have the rule of the package there, or not."""
    if is_there:
        machine.run("cp", f"{PROGRAM}/packaging/polkit.rules", POLKIT)
    else:
        machine.run("rm", "-f", POLKIT)
    machine.run("systemctl", "reset-failed", "polkit", check=False)
    machine.run("systemctl", "restart", "polkit")


def asking(machine: Booted, run: str, name: str, *pairs: str) -> list[str]:
    """The argument list of an agent that has it run."""
    return machine.python(f"{PROGRAM}/tests/host/systemd/commanding.py", run, name, *pairs, user=AGENT)


def ran(machine: Booted, run: str, name: str, *pairs: str) -> tuple[dict[str, Any], Any]:
    """What came of it, and what is kept as evidence."""
    done = subprocess.run(asking(machine, run, name, *pairs), capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    _, result, kept = done.stdout.splitlines()
    return json.loads(result), json.loads(kept)


def started(machine: Booted, unit: str, user: str, verb: str = "start") -> bool:
    """Whether that user can have systemd do so."""
    command = machine.command("systemctl", "--no-ask-password", verb, unit, user=user)
    return subprocess.run(command, check=False, capture_output=True, timeout=60).returncode == 0


def test_a_command(commands):
    """It runs as its user, in its folder, with its environment; nobody but the agent reads what it was told and what it said."""
    run = "a" * 32
    result, kept = ran(commands, run, "hello", "whom=example.social")

    assert result["status"] == 0, (result, commands.run("journalctl", "--no-pager", "-n", "20", "-u", unit_of("hello", run)))
    assert [body["output"]["head"] for body in kept] == [f"hello --to=example.social from mastodon in {FOLDER}\n"]
    for user in ("mastodon", "stranger"):
        for name in (f"{run}.out", f"{run}.json"):
            reads = subprocess.run(commands.command("cat", f"{SPOOL}/{name}", user=user), check=False, capture_output=True).returncode == 0
            assert reads is (user == "mastodon" and name.endswith(".json"))
        assert commands.run("ls", SPOOL, user=user, check=False) == ""
    assert ran(commands, run, "hello", "whom=example.social")[0] == result


def test_only_what_is_named(commands):
    """The rule lets the agent start runs of commands, not stop them, nor start what is no run or no command; and nobody else anything."""
    hello = unit_of("hello", "1" * 32)
    commands.unit("other.service", service("/bin/true", Type="oneshot"))
    for unit, user, verb in (
        (hello, AGENT, "stop"),
        (hello, "stranger", "start"),
        (hello, "mastodon", "start"),
        (unit_of("hello", "x"), AGENT, "start"),
        (unit_of("hello", "../" + "1" * 29), AGENT, "start"),
        ("other.service", AGENT, "start"),
        (unit_of("nothing", "1" * 32), AGENT, "start"),
    ):
        assert not started(commands, unit, user, verb), (unit, user, verb)
    assert ran(commands, "b" * 32, "nothing")[0] == {
        "type": "refused",
        "reason": "/etc/sidekiq-watchdog/commands.toml has no command nothing any more",
    }

    polkit(commands, is_there=False)
    result, _ = ran(commands, "c" * 32, "hello", "whom=example.social")
    polkit(commands, is_there=True)
    assert "install the polkit rule that comes with the agent" in result["reason"]


def test_files_of_another_user(commands):
    """Whoever else has put them there, and whatever the agent was brought to write, nothing is run."""
    for run, owner, values, says in (
        ("d" * 32, "stranger", {"whom": "example.social"}, "belongs to uid"),
        ("e" * 32, "root", {"whom": "example.social"}, "belongs to uid"),
        ("f" * 32, AGENT, {"whom": "--all"}, "the argument whom of hello is no domain: --all"),
        ("0" * 32, AGENT, {"whom": "example.social;id"}, "the argument whom of hello is no domain: example.social"),
    ):
        for name, text, mode in ((f"{run}.json", request("hello", values).decode(), "640"), (f"{run}.out", "", "620")):
            commands.write(f"{SPOOL}/{name}", text)
            commands.run("chown", f"{owner}:mastodon", f"{SPOOL}/{name}")
            commands.run("chmod", mode, f"{SPOOL}/{name}")
        assert not started(commands, unit_of("hello", run), "root")
        commands.run("journalctl", "--sync")
        journal = commands.run("journalctl", "-u", unit_of("hello", run), "--no-pager", "-o", "cat")
        assert says in journal


def test_one_that_hangs(commands):
    """Its unit ends it at its timeout, and that is known."""
    result, _ = ran(commands, "9" * 32, "hang")
    assert (result["status"], result["cut"]) == (-15, True)


async def test_the_agent_is_killed(commands, until: Callable[..., Any]):
    """While the command runs: asked for again it is waited for, and it has run once."""
    run = "8" * 32
    first = await asyncio.create_subprocess_exec(*asking(commands, run, "gate"), stdout=subprocess.PIPE)
    assert first.stdout is not None
    pid = (await first.stdout.readline()).decode().strip()
    count = commands.root / f"{FOLDER}/count".lstrip("/")
    await until(lambda: _exists(count), within=60)
    await asyncio.to_thread(commands.run, "kill", "-KILL", pid)
    await first.wait()

    second = await asyncio.create_subprocess_exec(*asking(commands, run, "gate"), stdout=subprocess.PIPE)
    assert second.stdout is not None
    assert await second.stdout.readline()
    await asyncio.to_thread(commands.run, "sh", "-c", f"echo > {FOLDER}/gate.fifo")
    said, _ = await second.communicate()
    result, kept = map(json.loads, said.splitlines())
    assert result["status"] == 0
    assert kept[0]["output"]["head"] == "through\n"
    assert count.read_text() == "run\n"


@pytest.fixture
def agent(commands, redis_inside) -> Iterator[None]:
    """It runs as it does on a server: a service with a user of its own, in act."""
    commands.write("/etc/sidekiq-watchdog/config.yml", CONFIG)
    commands.write("/etc/sidekiq-watchdog/rules.yml", RULES)
    environment = " ".join(f"{name}={value}" for name, value in Booted.environment().items())
    command = f"{INTERPRETER} {Booted.script()} run --config /etc/sidekiq-watchdog/config.yml"
    # The tests before have used the folder.
    commands.run("sh", "-c", "rm -rf /var/lib/sidekiq-watchdog/*")
    commands.unit(RUNNING, service(command, User=AGENT, Type="notify", Environment=environment, UMask="0077"))
    commands.run("systemctl", "start", RUNNING)
    yield
    print(commands.run("journalctl", "--unit", RUNNING, "--no-pager", "-n", "40"))  # shown where a test fails
    commands.run("systemctl", "stop", RUNNING)


async def test_classes_out_of_payloads(commands, agent, redis_inside, until: Callable[..., Any]):
    """A rule that passes on the class of failing jobs: whatever strangers had written there, the command is run for the one real class, and once."""
    hostile = {why: value for why, value in HOSTILE.items() if "class" not in OF_A_TYPE.get(why, ()) and why != "a lone surrogate"}

    async def picture() -> dict[str, Any]:
        command = commands.python(commands.script(), "status", "--json", "--config", "/etc/sidekiq-watchdog/config.yml")
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout is not None
        shown = await process.stdout.read()
        await process.wait()
        return json.loads(shown) if shown.startswith(b"{") else {}

    async def denied() -> list[Any]:
        found = [one for one in (await picture()).get("requests", ()) if " is no class: " in str(one["reason"])]
        return found if len(found) >= 30 else []

    async def noted() -> bool:
        note = commands.root / f"{FOLDER}/noted".lstrip("/")
        return note.exists() and note.stat().st_size > 0

    await until(picture)
    # As a job that has just failed for the first time: those are seen within 15 s.
    await redis_inside.client.zadd(
        "retry", {failed(value): time.time() + 25 for value in (*hostile.values(), "ActivityPub::DeliveryWorker")}
    )
    await until(noted, within=120)
    assert await until(denied, within=120)
    assert (commands.root / f"{FOLDER}/noted".lstrip("/")).read_text() == "1 ActivityPub::DeliveryWorker\n"


def failed(job_class: str) -> bytes:
    """A job that waits to be tried again, as Sidekiq writes it."""
    now = time.time()
    job = {"class": job_class, "args": [1], "jid": secrets.token_hex(12), "queue": "default", "retry": True, "created_at": now, "enqueued_at": now,
           "error_class": "RuntimeError", "error_message": "no", "failed_at": now, "retry_count": 0}  # fmt: skip
    return json.dumps(job).encode()


async def _exists(path: Any) -> bool:
    return path.exists()
