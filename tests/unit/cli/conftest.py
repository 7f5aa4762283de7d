"""A command line in this very process, and a state folder as an agent leaves it."""

import asyncio
import io
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

from tests.unit.timeline.kept import left_by
from watchdog.cli import NAME
from watchdog.cli.app import command
from watchdog.model.records import AuditRow
from watchdog.store.store import Commit, Store

CONFIG = """\
mode: act
redis: {url: "redis://127.0.0.1:6379/0"}
rules: [rules.yml]
state: state
"""
RULES = """\
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
"""


class Answer(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


def apart(work: Callable[[], Any]) -> Any:
    """Do it in another thread: the event loop that it makes there is not that of pytest's plugins, and does not take its place."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


@pytest.fixture
def ask(capsys, monkeypatch, tmp_path) -> Callable[..., Answer]:
    """Run a command in the test's own folder: `ask("check", "rules.yml")`."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Answer:
        with pytest.raises(SystemExit) as ending:
            apart(lambda: command()(list(arguments), prog_name=NAME))
        code = ending.value.code
        assert isinstance(code, int)
        return Answer(code, *capsys.readouterr())

    return run


@pytest.fixture
def config(tmp_path) -> Path:
    """A config with a rule, both without a fault."""
    (tmp_path / "rules.yml").write_text(RULES)
    path = tmp_path / "config.yml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def leave(config) -> Callable[..., Path]:
    """What an agent has left behind: `leave(rows, status)` writes both and gives the state folder."""

    def write(*rows: AuditRow, status: dict[str, Any] | None = None) -> Path:
        async def agent() -> None:
            store = await Store.open(config.parent / "state")
            try:
                await store.commit(Commit(store.last_seq + 1, audit=rows))
                if status is not None:
                    await store.keep_status(orjson.dumps(status))
            finally:
                await store.close()

        apart(lambda: asyncio.run(agent()))
        return config.parent / "state"

    return write


@pytest.fixture
def lived(config, tmp_path_factory) -> Callable[[str], Path]:
    """What an agent has left behind that lived through one of the stories of `tests/unit/timeline`: `lived("recovered")` gives its state folder."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(left_by(name, tmp_path_factory), config.parent / "state"))

    return copy


class Window(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def window(monkeypatch) -> Window:
    """A terminal to print on, one that knows no styles."""
    monkeypatch.setenv("TERM", "dumb")
    return Window()
