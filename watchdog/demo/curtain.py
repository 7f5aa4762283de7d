"""Up and down: a folder and a screen for the demo, its exit code, and what is said when it is interrupted or goes wrong."""

import asyncio
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console

from watchdog.demo.open_house import OpenHouse
from watchdog.demo.page import new_page
from watchdog.demo.report import Report
from watchdog.demo.scene import play
from watchdog.demo.screen import opened
from watchdog.errors import WatchdogError

FINE: Final = 0
FAILED: Final = 1
INTERRUPTED: Final = 130
SOCKET_ROOM: Final = 60
"""A socket's path may have 107 bytes (unix(7)); the rest is for the demo's own names."""


async def run(console: Console | None = None, *, serve: bool = False) -> int:
    """
    Play the demo to its end, or until SIGINT or SIGTERM; the exit code. To `serve` a page has no end of its own: there the first of these signals is it.

    Nothing that it started is left in any of these cases.
    """
    console = console or Console()
    house = OpenHouse(new_page()) if serve else None
    interrupted = asyncio.Event()
    story = asyncio.create_task(_play(console, house), name="demo")

    def interrupt() -> None:
        if house is not None and house.is_open and not house.over.is_set():
            house.over.set()
            return
        interrupted.set()
        story.cancel()

    with _on_signals(interrupt):
        try:
            return await story
        except asyncio.CancelledError:
            if not interrupted.is_set():  # it was not the operator: whoever it was must see it
                raise
            console.print("Stopped. Everything that the demo had started is gone.")
            return INTERRUPTED


async def _play(console: Console, house: OpenHouse | None) -> int:
    # Short, because a Unix socket stands in it.
    parent = None if len(tempfile.gettempdir()) < SOCKET_ROOM else "/tmp"  # noqa: S108  (a folder of its own is made in it)
    code = FAILED
    with tempfile.TemporaryDirectory(prefix="watchdog-demo-", dir=parent) as folder:
        try:
            with opened(console) as screen:
                report = await play(screen, Path(folder), house)
        except* WatchdogError as failures:
            for failure in _leaves(failures):
                _print(console, f"The demo did not go as it should: {failure}")
        else:
            _tell(console, report)
            code = FINE
    return code


@contextmanager
def _on_signals(handler: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _tell(console: Console, report: Report) -> None:
    console.print("\nWhat happened", style="bold")
    for line in report.lines():
        _print(console, f"  {line}")


def _print(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for inner in group.exceptions:
        if isinstance(inner, BaseExceptionGroup):
            yield from _leaves(inner)
        else:
            yield inner
