"""A process of this host (our own), a log of its own, and what is known of Sidekiq, all made up as a test wants it."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from watchdog.clock import Clock
from watchdog.errors import WatchdogError
from watchdog.host.boot import here
from watchdog.host.proc import read_process
from watchdog.model.targets import ProcessRef
from watchdog.recovery.evidence.subject import Subject
from watchdog.rulefile.log import LogSettings
from watchdog.sidekiq.flight import Noted
from watchdog.sidekiq.reading import Reading


class Picture:
    """What Redis shows: `reading`, or the error that it fails with; `noted` as the follower gives it."""

    def __init__(self) -> None:
        self.reading: Reading | WatchdogError = WatchdogError("nobody answers")
        self.last: Noted | None = None

    async def reread(self, _identity: str) -> Reading:
        if isinstance(self.reading, WatchdogError):
            raise self.reading
        return self.reading

    def noted(self, _identity: str) -> Noted | None:
        return self.last


@pytest.fixture
def picture() -> Picture:
    """Redis does not answer, until a test says otherwise."""
    return Picture()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The log of the process, empty."""
    path = tmp_path / "sidekiq.log"
    path.touch()
    return path


@pytest.fixture
def me() -> ProcessRef:
    """Our own process, as if it were a Sidekiq of host web1."""
    facts = read_process(os.getpid())
    assert facts is not None
    return ProcessRef("web1/app[push]", f"web1:{facts.pid}:abc", "web1", facts.pid, facts.start_ticks, here(name="web1").boot_id)


@pytest.fixture
def subject(picture: Picture, log: Path, me: ProcessRef) -> Callable[..., Subject]:
    """Make what a collector is given; its log has been read already."""

    def make(**more: Any) -> Subject:
        read = asyncio.Event()
        read.set()
        told = {
            "target": me, "still": False, "here": here(name="web1"), "log": LogSettings(journal=False, files={"any": str(log)}), "picture": picture,
            "clock": Clock(), "tail_read": read,
        }  # fmt: skip
        return Subject(**{**told, **more})

    return make
