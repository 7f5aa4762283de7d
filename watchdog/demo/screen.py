"""
How the demo is shown: a live screen on a terminal, plain lines anywhere else.

Both tell the same lines; the screen has the tables beside them. Neither knows the story.
"""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from watchdog.demo.picture import Picture, WorkerView
from watchdog.demo.telling import Line, Tone

STYLES: Final = {Tone.PLAIN: "", Tone.WOULD: "cyan", Tone.WARNING: "yellow", Tone.ACTION: "bold red", Tone.GOOD: "bold green"}
LINES: Final = 14
SUMMARY_S: Final = 6.0
"""On plain lines the tables are summed up this often."""


class Screen(Protocol):
    """Where the story is shown."""

    def chapter(self, title: str) -> None:
        """A new part of the story."""

    def say(self, line: Line) -> None:
        """One line of the story."""

    def keep(self, *texts: str) -> None:
        """What must not scroll away, from now on."""

    def show(self, picture: Picture, firing: int) -> None:
        """How things stand; `firing` alerts fire."""


class PlainScreen:
    """Lines with the seconds since the beginning."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._summed_up = 0.0

    def chapter(self, title: str) -> None:
        """Between blank lines."""
        self._console.print(f"\n== {title}", markup=False, highlight=False, soft_wrap=True)

    def say(self, line: Line) -> None:
        """With its time."""
        text = f"{time.monotonic() - self._began:5.1f} s  {line.text}"
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def keep(self, *texts: str) -> None:
        """As lines of the story: nothing scrolls away here that could not be found again."""
        for text in texts:
            self.say(Line(text))

    def show(self, picture: Picture, firing: int) -> None:
        """Every few seconds, in one line."""
        if time.monotonic() - self._summed_up >= SUMMARY_S and picture.workers:
            self._summed_up = time.monotonic()
            queues = ", ".join(f"{queue} {waiting}" for queue, waiting in picture.waiting.items())
            workers = ", ".join(f"{worker.name} {worker.state}" for worker in picture.workers)
            self.say(Line(f"waiting: {queues}; {workers}; alerts firing: {firing}"))


class LiveScreen:
    """Tables above, the story below, in place."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._began = time.monotonic()
        self._title = ""
        self._lines: deque[Text] = deque(maxlen=LINES)
        self._kept: tuple[Text, ...] = ()
        self._picture = Picture()
        self._firing = 0

    def chapter(self, title: str) -> None:
        """Above everything, and as a line of the story."""
        self._title = title
        self._lines.append(Text(title, style="bold"))
        self._draw()

    def say(self, line: Line) -> None:
        """The newest stands last."""
        self._lines.append(Text(f"{time.monotonic() - self._began:5.1f} s  {line.text}", style=STYLES[line.tone]))
        self._draw()

    def keep(self, *texts: str) -> None:
        """Between the tables and the story."""
        self._kept = tuple(Text(text, style=STYLES[Tone.GOOD]) for text in texts)
        self._draw()

    def show(self, picture: Picture, firing: int) -> None:
        """The tables."""
        self._picture, self._firing = picture, firing
        self._draw()

    def _draw(self) -> None:
        alerts = Text("alerts: ").append(*((f"{self._firing} firing", "bold red") if self._firing else ("none", "green")))
        tables = Table.grid(padding=(0, 3))
        tables.add_row(_queues(self._picture), _workers(self._picture.workers))
        self._live.update(
            Panel(Group(tables, alerts, *self._kept, Text(), *self._lines), title=f"sidekiq-watchdog demo: {self._title}"), refresh=True
        )


def _queues(picture: Picture) -> Table:
    table = Table("queue", "waiting", box=None, header_style="dim")
    table.columns[1].justify = "right"
    for queue, waiting in picture.waiting.items():
        table.add_row(queue, Text(str(waiting), style="yellow" if waiting > 20 else ""))
    return table


def _workers(workers: tuple[WorkerView, ...]) -> Table:
    table = Table("worker", "pid", "queues", "state", box=None, header_style="dim")
    for worker in workers:
        style = {"working": "green", "starting": "dim"}.get(worker.state, "bold red")
        table.add_row(worker.name, str(worker.pid or ""), " ".join(worker.queues), Text(worker.state, style=style))
    return table


@contextmanager
def opened(console: Console) -> Iterator[Screen]:
    """The screen that fits where the output goes."""
    if not console.is_terminal:
        yield PlainScreen(console)
        return
    with Live(console=console, auto_refresh=False, transient=False) as live:
        yield LiveScreen(live)
