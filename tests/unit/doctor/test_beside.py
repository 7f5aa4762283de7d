"""What is asked of others: the program that inspects, and the log of a process."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.doctor.conftest import CONFIG, exam, facts
from watchdog.doctor import helpers, log
from watchdog.doctor.exam import Places, settings_of
from watchdog.doctor.found import Found, Health

HERE = {"web1:4711:a1b2": facts()}
ANSWER = {"rss": 1, "pss": 1, "uss": 1, "swap": 0, "files": {}, "peers": {}, "environment": {}, "overwritten": False, "partial": ""}
LINE = "2026-11-26T10:00:{:02}.000Z pid=4711 tid=abc class=Quick jid=4caa0123456789abcdef0123{} INFO: {}\n"


@pytest.fixture
def inspect(folder: Path, proc: Path) -> Any:
    """Gives what is found where a program answers so at the socket."""

    async def ask(answer: Any) -> Found:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked = json.loads(await reader.readline())
            assert (asked["ask"], asked["pid"], asked["start_ticks"]) == ("facts", 4711, 5)
            writer.write(json.dumps(answer).encode() + b"\n")
            writer.close()

        server = await asyncio.start_unix_server(serve, folder / "inspect.sock")
        async with server:
            return (await helpers.look_at_inspect(exam(folder, here=HERE, places=Places(proc=proc, inspect=folder / "inspect.sock"))))[
                "inspect"
            ]

    return ask


async def test_the_program_that_inspects_answers(inspect):
    """About a process of this host, which is all that is asked."""
    assert (await inspect({"end": ANSWER})).says == "it answers about mastodon-sidekiq.service"


async def test_it_refuses(inspect):
    """With its own words and its own hint."""
    refused = {
        "code": "not-named",
        "message": "process 4711 belongs to no system service that may be read",
        "hint": "name its service under `units`",
    }
    found = await inspect({"refused": refused})
    assert (found.health, found.mend) == (Health.WARN, refused["hint"])
    assert refused["message"] in found.says


async def test_nobody_may_look_into_a_process(folder, proc):
    """Where the kernel forbids it to everybody there is nothing to ask."""
    (proc / "sys/kernel/yama").mkdir()
    (proc / "sys/kernel/yama/ptrace_scope").write_text("3\n")
    (folder / "inspect.sock").write_text("")
    found = await helpers.look_at_inspect(exam(folder, here=HERE, places=Places(proc=proc, inspect=folder / "inspect.sock")))
    assert found["inspect"].health is Health.FAIL


@pytest.fixture
def logged(folder: Path, proc: Path) -> Any:
    """Gives what is found of a log file with that text, None for one that is not there."""

    async def ask(text: str | None) -> dict[str, Found]:
        if text is not None:
            (folder / "sidekiq.log").write_text(text)
        (folder / "config.yml").write_text(f"{CONFIG}log: {{files: {{any: {folder}/sidekiq.log}}}}\n")
        settings = settings_of(folder / "config.yml")
        return dict(await log.look(exam(folder, here=HERE, settings=settings, places=Places(proc=proc))))

    return ask


async def test_a_log_that_says_what_is_needed(logged):
    """Starts and ends of jobs."""
    found = await logged("".join(LINE.format(number, "", "start") + LINE.format(number, " elapsed=0.1", "done") for number in range(20)))
    assert {one.health for one in found.values()} == {Health.OK}, found


async def test_a_log_that_says_too_little(logged):
    """Lines enough, and no job among them: its words are not told."""
    found = await logged("a private post\n" * 50)
    assert (found["log"].health, found["log-level"].health) == (Health.OK, Health.WARN)
    assert "private" not in "".join(one.says + one.mend for one in found.values())


async def test_a_log_that_is_not_there(logged):
    """It is said which, and nothing is made of it."""
    found = await logged(None)
    assert found["log"].health is Health.FAIL
    assert (found["log-level"].health, found["log-limit"].health) == (Health.SKIPPED, Health.SKIPPED)
    assert found["log"].mend
