"""Real processes that look like Sidekiq."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from watchdog.host.boot import boot_id
from watchdog.host.proc import ProcessFacts, read_process
from watchdog.model.targets import ProcessRef

TITLE = "sidekiq 6.4.1 app [0 of 5 busy]"


class Worker:
    """A child; it is waited for only at the end of the test, so that it is a zombie once it is dead."""

    def __init__(self, role: str, title: str) -> None:
        script = Path(__file__).with_name("worker.py")
        self._child = subprocess.Popen([sys.executable, "-I", "-S", script, role, title, "x" * 200], stdout=subprocess.PIPE)
        self.pid = self._child.pid
        assert self.line() == "here"
        facts = self.facts()
        assert facts.cmdline == title
        self.ref = ProcessRef("web1/app[push]", f"web1:{self.pid}:abc", "web1", self.pid, facts.start_ticks, boot_id(), "app")

    def facts(self) -> ProcessFacts:
        """What the kernel says of it; a zombie is still shown."""
        facts = read_process(self.pid)
        assert facts is not None
        return facts

    def line(self) -> str:
        """The next thing it says; '' once it is dead."""
        assert self._child.stdout is not None
        return self._child.stdout.readline().decode().strip()

    def kill(self, number: int) -> None:
        """Behind the agent's back."""
        os.kill(self.pid, number)

    def until_zombie(self) -> None:
        """Wait for its death without burying it."""
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)

    def bury(self) -> int:
        """Wait for its death and let its pid go; how it ended, as `subprocess` says it."""
        return self._child.wait(timeout=10)

    def close(self) -> None:
        """End it whatever it does."""
        if self._child.returncode is None:
            self._child.kill()
            self._child.wait(timeout=10)
        assert self._child.stdout is not None
        self._child.stdout.close()


@pytest.fixture
def start() -> Iterator[Callable[..., Worker]]:
    """`start("ready")`, `start("deaf")` or `start("booting")`, with a title of its own if need be."""
    workers: list[Worker] = []

    def begin(role: str, title: str = TITLE) -> Worker:
        workers.append(Worker(role, title))
        return workers[-1]

    yield begin
    for worker in workers:
        worker.close()
