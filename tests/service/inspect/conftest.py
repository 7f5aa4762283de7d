"""Processes in control groups that bear the name of a service, and the program that reads them, started as systemd starts it."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import redis.asyncio

from tests.patience import PATIENCE
from tests.service.conftest import RedisServer, Served, _eventually
from tests.service.matrix.parts import start_program
from tests.suites.inside import Inside
from watchdog.host.boot import boot_id
from watchdog.host.proc import read_process
from watchdog.model.targets import ProcessRef
from watchdog.recovery.inspecting import Inspector

APP: Final = Path(__file__).parent / "app"
CHECKOUT: Final = Path(__file__).parents[3]
UNIT: Final = f"watchdog-test-{os.getpid()}.service"
NOBODY: Final = 65534
HAND_OVER: Final = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execvp(sys.argv[2], sys.argv[2:])
"""
"""Hands a listening socket over as systemd does."""
UNPRIVILEGED: Final = (
    "setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", "--no-new-privs",
    "--inh-caps=-all,+sys_ptrace", "--ambient-caps=-all,+sys_ptrace", "--bounding-set=-all,+sys_ptrace",
)  # fmt: skip
"""Runs something as another user who has CAP_SYS_PTRACE and nothing else, as the service unit does."""


def ref(pid: int) -> ProcessRef:
    """That process, as the agent knows it."""
    facts = read_process(pid)
    assert facts is not None
    return ProcessRef("web1/app", f"web1:{pid}:abc", "web1", pid, facts.start_ticks, boot_id())


@contextlib.contextmanager
def control_groups() -> Iterator[Callable[..., str]]:
    """What puts processes into control groups, which go at the end; the test is skipped where this machine lets nobody make them."""
    old = Path("/sys/fs/cgroup/systemd")
    root = old if old.is_dir() else Path("/sys/fs/cgroup")
    home = root / next(
        line.rpartition(":")[2].lstrip("/")
        for line in Path("/proc/self/cgroup").read_text().splitlines()
        if line.split(":")[1] in {"name=systemd", ""}
    )
    made: list[Path] = []

    def put(pid: int, path: str = UNIT) -> str:
        try:
            for depth in range(1, path.count("/") + 2):
                group = root.joinpath(*path.split("/")[:depth])
                if not group.is_dir():
                    group.mkdir()
                    made.append(group)
            (group / "cgroup.procs").write_text(str(pid))
        except OSError as error:
            pytest.skip(f"this machine lets nobody make control groups: {error}")
        return path

    try:
        yield put
    finally:
        for group in reversed(made):
            for pid in (group / "cgroup.procs").read_text().split():
                with contextlib.suppress(OSError):
                    (home / "cgroup.procs").write_text(pid)
            group.rmdir()


@pytest.fixture
def unit() -> Iterator[Callable[..., str]]:
    """`unit(pid)` puts a process into the control group of a service, by the name that it returns; `unit(pid, "a.service/b.scope")` anywhere."""
    with control_groups() as put:
        yield put


class Program:
    """The running program: its socket, what it has written, and a client of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "inspect.sock"
        self.config = folder / "inspect.toml"
        self.log = folder / "inspect.log"
        self.child: subprocess.Popen[bytes] | None = None

    @property
    def client(self) -> Inspector:
        """What the agent asks with."""
        return Inspector(self.path)

    def start(self, settings: str, *arguments: str, before: Sequence[str] = (), command: Sequence[str] = ()) -> None:
        """Start it on a new socket, with these settings; `before` runs it, `command` stands in its place."""
        self.config.write_text(settings)
        self.config.chmod(0o644)
        self.path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(self.path))
        listener.listen()
        program = command or [str(Path(sys.executable).with_name("sidekiq-watchdog-inspect"))]
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(
                [sys.executable, "-ISc", HAND_OVER, str(listener.fileno()), *before, *program, "--config", str(self.config), *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(listener.fileno(),), cwd="/",
            )  # fmt: skip
        listener.close()

    def close(self) -> None:
        """End it."""
        if self.child is not None:
            self.child.kill()
            self.child.wait()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """The program, not yet started."""
    folder = tmp_path / "inspect"
    folder.mkdir()
    one = Program(folder)
    yield one
    one.close()


class Restricted(msgspec.Struct, frozen=True):
    """How to run the program as another user with one capability: `before` what, and `folder` where that user may read."""

    before: tuple[str, ...]
    command: tuple[str, ...]
    folder: Path


@pytest.fixture
def restricted() -> Iterator[Restricted]:
    """
    The program for a user who may not read this checkout, nor perhaps its Python. It needs nothing but Python's own library, so
    the Python of the machine does as well.
    """
    with tempfile.TemporaryDirectory(prefix="watchdog-inspect-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copytree(CHECKOUT / "watchdog", folder / "watchdog", ignore=shutil.ignore_patterns("__pycache__"))
        run = f"import sys; sys.path.insert(0, {name!r}); from watchdog.inspect.program import main; raise SystemExit(main())"
        for python in (sys.executable, "/usr/bin/python3"):
            tried = subprocess.run([*UNPRIVILEGED, python, "-IBc", "import tomllib"], capture_output=True, check=False)
            if tried.returncode == 0:
                break
        else:
            pytest.skip("no Python from 3.11 on that another user may run")
        yield Restricted(UNPRIVILEGED, (python, "-IBc", run), folder)


class SidekiqInside(Served):
    """A Sidekiq of some suite whose application is app/app.rb; `folder` is where it writes."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, client: redis.asyncio.Redis) -> None:
        super().__init__(process)
        self.folder = folder
        self._client = client

    async def frozen(self) -> None:
        """Wait until a job holds the lock."""

        async def lies_there() -> bool:
            return (self.folder / "frozen").exists()

        await _eventually(lies_there, within=PATIENCE, what=lambda: f"the freeze; the log:\n{(self.folder / 'sidekiq.log').read_text()}")

    async def took_all(self) -> None:
        """Wait until Redis has given away every job of the queue."""

        async def empty() -> bool:
            return not await self._client.llen("queue:push")

        await _eventually(empty, within=PATIENCE, what=lambda: "the queue to be empty")

    async def beats(self) -> None:
        """Wait until its first beat stands in Redis."""

        async def beats() -> bool:
            assert self.alive, (self.folder / "sidekiq.log").read_text()
            members = [member.decode() for member in await self._client.smembers("processes")]
            return any(member.rsplit(":", 2)[1] == str(self.pid) for member in members)

        await _eventually(beats, within=60, what=lambda: f"the first beat; the log:\n{(self.folder / 'sidekiq.log').read_text()}")


Started = Callable[..., Any]


@pytest.fixture
async def sidekiq_inside(tmp_path: Path) -> AsyncIterator[Started]:
    """Starts a Sidekiq of a suite on a server, and waits until it beats; `url` may have a place for `run`, the folder of the server as seen from inside."""
    started: list[SidekiqInside] = []

    async def start(suite: str, server: RedisServer, *, url: str = "", concurrency: int = 5) -> SidekiqInside:
        inside = Inside(suite, app=APP, run=server.folder)
        env = {"REDIS_URL": url.format(run=inside.run) or server.url, "RUN_DIR": str(inside.run)}
        command = inside.command("sidekiq", "-r", f"{inside.app}/app.rb", "-q", "push", "-c", str(concurrency), env=env)
        served = await start_program(command, server.folder / "sidekiq.log")
        one = SidekiqInside(served.process, server.folder, server.client())
        started.append(one)
        await one.beats()
        return one

    yield start
    for one in started:
        await one.kill()
