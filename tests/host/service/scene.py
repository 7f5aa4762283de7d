"""A Debian 13 with Redis, a Mastodon of four Sidekiq services and the agent as its own: what an operator has of it, and where each job is."""

import asyncio
import contextlib
import inspect
import json
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import redis.asyncio

from tests.host.service.installed import AGENT, CONFIG, install
from tests.patience import PATIENCE
from tests.suites.booted import Booted

HERE: Final = Path(__file__).parent
LIVE: Final = "/home/mastodon/live"
MAIN: Final = "mastodon-sidekiq.service"
INGRESS: Final = "mastodon-sidekiq-ingress@{}.service"
SCHEDULER: Final = "mastodon-sidekiq-scheduler.service"
UNITS: Final = (MAIN, INGRESS.format(1), INGRESS.format(2), SCHEDULER)
SOCKET: Final = "/run/redis/redis-server.sock"
SETTINGS: Final = """\
mode: act
redis: {url: "redis://127.0.0.1:6379/0"}
rules: [rules.yml]
state: /var/lib/sidekiq-watchdog
app: {folder: /home/mastodon/live, user: mastodon}
"""
LONG_AGO: Final = "yesterday"
"""Since when the files of the application lie there: nobody is just deploying it."""
BEAT: Final = 10_000
"""Milliseconds in which a process has beaten three times."""
LONG: Final = 3 * PATIENCE
"""Seconds for what comes only after other things have had their time."""
CAP_KILL: Final = 1 << 5


def furnish(machine: Booted, rules: str, *, drop_ins: Mapping[str, str] = MappingProxyType({})) -> None:
    """All of it is installed, units with these drop-ins, and nothing runs but Redis, which also listens on a socket that a test can reach from outside."""
    machine.run("useradd", "--create-home", "mastodon")
    for place in (HERE / "units").iterdir():
        machine.write(f"/etc/systemd/system/{place.name}", place.read_text())
    for name, text in drop_ins.items():
        machine.write(f"/etc/systemd/system/{name}.d/of-the-scene.conf", text)
    machine.write(f"{LIVE}/app.rb", (HERE / "app/app.rb").read_text())
    machine.write(f"{LIVE}/Gemfile.lock", "GEM\n")
    machine.run("chmod", "755", "/home/mastodon")
    machine.run("install", "-d", "-o", "mastodon", f"{LIVE}/tmp")
    places = f"{LIVE} {LIVE}/* $(find /etc/systemd/system -name '*.service' -o -name '*.conf')"
    machine.run("sh", "-c", f"touch -d {LONG_AGO} {places}")
    with (machine.root / "etc/redis/redis.conf").open("a") as conf:
        conf.write(f"\nunixsocket {SOCKET}\nunixsocketperm 777\nappendonly yes\n")
    machine.run("systemctl", "restart", "redis-server")
    install(machine)
    machine.write(f"{CONFIG}/config.yml", SETTINGS)
    machine.write(f"{CONFIG}/rules.yml", rules)
    machine.run("chown", "-R", "root:sidekiq-watchdog", CONFIG)
    machine.run("systemctl", "enable", *UNITS, AGENT)


class Scene:
    """
    One test's view of the machine.

    `lines` is all that the agent has said since the test began, or since the machine was booted again; `pushed` what each job is that the test has pushed, by jid.
    """

    def __init__(self, machine: Booted, pushed: Mapping[str, str] | None) -> None:
        self.machine = machine
        self.lines: list[str] = []
        self.pushed = dict(pushed or {})
        self.client = redis.asyncio.Redis(unix_socket_path=str(machine.root / SOCKET.lstrip("/")))
        self._came = asyncio.Condition()
        self._follower: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._since = f"--since=@{time.time():.6f}" if pushed is None else "--boot"

    async def open(self) -> "Scene":
        """Follow the agent's log."""
        journal = ("journalctl", "--follow", "--no-tail", "--output=cat", self._since, f"--unit={AGENT}")
        # What enters the machine stays outside of it, and is all that can be ended from here.
        command = self.machine.command("setpriv", "--pdeathsig", "KILL", *journal)
        self._follower = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
        self._reader = asyncio.create_task(self._read())
        return self

    async def aclose(self) -> None:
        """The machine stays as it is."""
        if self._follower is not None and self._reader is not None:
            with contextlib.suppress(ProcessLookupError):
                self._follower.kill()
            await self._follower.wait()
            await self._reader
        await self.client.aclose()

    async def _read(self) -> None:
        assert self._follower is not None
        assert self._follower.stdout is not None  # open() made both
        async for line in self._follower.stdout:
            async with self._came:
                self.lines.append(line.decode(errors="replace").rstrip())
                self._came.notify_all()

    async def says(self, pattern: str, *, after: int = 0, within: float = LONG) -> str:
        """The first line of the agent's log, from number `after` on, that matches."""

        def found() -> str | None:
            return next((line for line in self.lines[after:] if re.search(pattern, line)), None)

        try:
            async with asyncio.timeout(within), self._came:
                await self._came.wait_for(lambda: found() is not None)
        except TimeoutError:
            raise AssertionError(f"the agent has not said {pattern!r} within {within} s") from None
        return found() or ""

    async def asks(self, *arguments: str) -> tuple[int, str]:
        """What somebody at the machine types after `sidekiq-watchdog`: exit code and output."""
        command = self.machine.command(AGENT, *arguments, user="sidekiq-watchdog")
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
        output, _ = await process.communicate()
        return process.returncode or 0, output.decode()

    async def asks_json(self, *arguments: str) -> list[dict[str, Any]]:
        """The same with `--json`: what it lists."""
        status, output = await self.asks(*arguments, "--json")
        assert status in (0, 1), output
        return [json.loads(line) for line in output.splitlines()]

    def unit(self, name: str, of: str) -> str:
        """A property of a unit, as systemd tells it."""
        return self.machine.run("systemctl", "show", "--value", "--property", of, name).strip()

    def pid(self, name: str) -> int:
        """Of a unit's main process; 0 if it does not run."""
        return int(self.unit(name, "MainPID"))

    def outside(self, name: str) -> int:
        """The process of a unit, as this machine numbers it."""
        inside = str(self.pid(name))
        for status in Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                numbers = next(line.split()[1:] for line in status.read_text().splitlines() if line.startswith("NSpid:"))
                if len(numbers) > 1 and numbers[-1] == inside and (status.parent / "ns/pid").samefile(f"/proc/{self.machine.pid}/ns/pid"):
                    return int(numbers[0])
        raise AssertionError(f"{name} does not run")

    def lay(self, file: str) -> None:
        """Put down the file that a job waits for."""
        self.machine.write(f"{LIVE}/tmp/{file}", "")

    async def push(self, queue: str, name: str, *args: Any) -> str:
        """Push a job as a client of Sidekiq does; its jid."""
        jid = secrets.token_hex(12)
        job = {"retry": True, "queue": queue, "class": name, "args": args, "jid": jid, "created_at": time.time()}
        self.pushed[jid] = f"{name} on {queue}"
        await self.client.sadd("queues", queue)
        await self.client.lpush(f"queue:{queue}", json.dumps(job))
        return jid

    async def ran(self) -> dict[str, int]:
        """Jid → how often it has run to its end."""
        counted: dict[Any, Any] = await self.client.hgetall("ran")
        return {jid.decode(): int(count) for jid, count in counted.items()}

    async def working(self) -> dict[str, str]:
        """Jid → the unit in which it runs, by the last beats."""
        found: dict[str, str] = {}
        for name in UNITS:
            async for key in self.client.scan_iter(f"*:{self.pid(name)}:*:work"):
                entries: list[Any] = await self.client.hvals(key)
                found |= {json.loads(json.loads(entry)["payload"])["jid"]: name for entry in entries}
        return found

    async def beats(self, *names: str) -> None:
        """Wait until each of these units has a process of which the agent has heard both from the kernel and from Redis, lately."""

        async def all_do() -> bool:
            seen = {process["unit"]: process for process in (await self.status()).get("processes", ())}
            return all(
                name in seen and seen[name]["pid"] == self.pid(name) and seen[name]["beat_age"] < BEAT and seen[name]["stopped"] is False
                for name in names
            )

        await self.until(all_do, f"{names} to beat")

    async def status(self) -> dict[str, Any]:
        """What `status` shows; nothing if no agent has said anything yet."""
        _, shown = await self.asks("status", "--json")
        found: dict[str, Any] = json.loads(shown) if shown.startswith("{") else {}
        return found

    async def done(self, *jids: str) -> None:
        """Wait until each of these jobs has run to its end."""

        async def ran() -> bool:
            return set(jids) <= set(await self.ran())

        await self.until(ran, f"{jids} to run")

    async def under_way(self, *jids: str) -> dict[str, str]:
        """Wait until each of these jobs runs, by the beats of its process; in which unit."""

        async def working() -> dict[str, str] | None:
            found = await self.working()
            return found if set(jids) <= set(found) else None

        found: dict[str, str] = await self.until(working, f"{jids} to be under way")
        return found

    async def quarantined(self) -> dict[str, str]:
        """Jid → why it is in quarantine."""
        return {entry["jid"]: entry["reason"] for entry in await self.asks_json("quarantine", "list")}

    async def accounted_for(self) -> None:
        """Wait until every job that was pushed has run to its end or is in quarantine; none is both, none waits for another try, and the account is whole."""

        async def waits() -> dict[str, str]:
            here = {*await self.ran(), *await self.quarantined()}
            return {jid: name for jid, name in self.pushed.items() if jid not in here}

        async with asyncio.timeout(LONG):
            while left := await waits():
                print("still waited for:", left)
                await asyncio.sleep(1)
        assert not set(await self.quarantined()) & set(await self.ran())
        assert await self.client.zcard("retry") == 0
        status, said = await self.asks("audit", "--verify")
        assert status == 0, said

    async def audit(self, rule: str) -> list[dict[str, Any]]:
        """What the account says of a rule, oldest first."""
        return await self.asks_json("audit", "--rule", rule)

    async def tells(self, rule: str, *events: str) -> None:
        """The account of a rule has these, in this order, others between them: each a stage or a kind of row, and behind a space an outcome, if that matters."""
        rows = await self.audit(rule)
        happened = [{row["kind"], row["stage"], f"{row['kind']} {row['outcome']}", f"{row['stage']} {row['outcome']}"} for row in rows]
        rest = iter(happened)
        for event in events:
            assert any(event in row for row in rest), f"{event!r} is missing, or comes too early, in:\n" + "\n".join(map(str, happened))

    def has_one_right(self) -> None:
        """The agent runs as a user of its own, and may signal others and nothing else."""
        lines = (self.machine.root / f"proc/{self.pid(AGENT)}/status").read_text().splitlines()
        status = dict(line.split(":\t") for line in lines if ":\t" in line)
        assert {int(status[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {CAP_KILL}
        assert "0" not in {*status["Uid"].split(), *status["Gid"].split(), *status["Groups"].split()}
        assert status["NoNewPrivs"] == "1"

    def journal(self) -> str:
        """What everything on the machine has said since the test began, without the thread dumps."""
        lines = self.machine.run("journalctl", "--no-pager", "--output=short-precise", self._since).splitlines()
        return "\n".join(line for line in lines if AGENT in line or "systemd[" in line or " INFO: " in line)

    async def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Wait for something that can't announce itself; what it then is."""
        try:
            async with asyncio.timeout(LONG):
                while True:
                    seen = condition()
                    seen = await seen if inspect.isawaitable(seen) else seen
                    if seen:
                        return seen
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"waited in vain for {what}") from None


@contextlib.asynccontextmanager
async def scene_of(machine: Booted, pushed: Mapping[str, str] | None = None) -> AsyncIterator[Scene]:
    """The machine for one test, or, with what that has pushed, after it was booted again; what it then has to say is shown where the test fails."""
    scene = await Scene(machine, pushed).open()
    try:
        yield scene
    finally:
        print(scene.journal())
        await scene.aclose()
