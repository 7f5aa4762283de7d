"""The screen of `top`: tabs, a table, what is going on above it and the keys below. What stands in it is `sections/`' business, what is said `acts.py`'s."""

import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final

from rich.text import Text
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Input, Static

from watchdog.cli.api import Api
from watchdog.cli.output import Piece, text_of
from watchdog.cli.top.acts import ACTS, BY_KEY, Act
from watchdog.cli.top.asking import Asking, Said
from watchdog.cli.top.details import Details, Help, Page, details_of, why_of
from watchdog.cli.top.feed import Feed
from watchdog.cli.top.head import QUESTIONS, agent_line, sidekiq_line, warnings
from watchdog.cli.top.lines import Line, Section
from watchdog.cli.top.painting import page, row
from watchdog.cli.top.sections import SECTIONS
from watchdog.cli.top.table import Table
from watchdog.errors import WatchdogError
from watchdog.lang.moment import day_and_time

WIDE: Final = 120
"""Columns from which on everything has its whole name."""
_READONLY: Final = "top was started with --readonly: it looks, and says nothing to the agent"


class Top(App[None]):
    """`connect` makes a connection to the agent, one for each attempt; with `readonly` nothing is said to it."""

    ENABLE_COMMAND_PALETTE = False
    TITLE = "sidekiq-watchdog top"
    CSS = """
    Screen { layers: base; }
    #head, #warnings, #tabs, #said, #keys { height: auto; width: 100%; padding: 0 1; }
    #tabs { color: $text-muted; }
    #warnings { max-height: 6; }
    #table { height: 1fr; }
    #filter { height: 1; border: none; padding: 0 1; }
    #empty { height: auto; padding: 0 1; display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(number), f"open({number - 1})", section.name, show=False) for number, section in enumerate(SECTIONS, 1)),
        Binding("tab", "tab(1)", show=False),
        Binding("shift+tab", "tab(-1)", show=False),
        Binding("s", "sort", show=False),
        Binding("slash", "filter", show=False),
        Binding("escape", "unfilter", show=False),
        Binding("w", "why", show=False),
        Binding("question_mark", "help", show=False),
        Binding("q", "quit", show=False),
        *(Binding(act.key, f"act('{act.key}')", act.name, show=False) for act in ACTS),
    ]

    def __init__(self, connect: Callable[[], Api], *, readonly: bool, feed: Callable[..., Feed] = Feed) -> None:
        super().__init__()
        self.readonly = readonly
        self.section: Section = SECTIONS[0]
        self.feed = feed(connect, self._draw)
        self._connect = connect
        self._orders: dict[str, str] = {}
        self._filter = ""
        self._said: Sequence[Piece] = ()
        self._counts: Sequence[Piece] = ()
        self._drawn_from: tuple[Any, ...] = (None,)
        self._seen_wall = 0

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield Static(id="head", markup=False)
        yield Static(id="warnings", markup=False)
        yield Static(id="tabs", markup=False)
        yield Static(id="empty", markup=False)
        yield Table(id="table")
        field = Input(id="filter", placeholder="only lines with …", compact=True)
        field.display = False
        yield field
        yield Static(id="said", markup=False)
        yield Static(id="keys", markup=False)

    def on_mount(self) -> None:
        """The agent is asked from now on."""
        self._look()
        self.query_one(Table).focus()
        self.run_worker(self.feed.run(), name="feed")
        self._draw()

    def _fatal_error(self) -> None:
        """As Python shows a mistake of the program: the library would add the values of variables, and among them may be a secret."""
        self._exit_renderables.append(Text(traceback.format_exc()))
        self._close_messages_no_wait()

    # What is looked at.

    def action_open(self, number: int) -> None:
        """That tab."""
        self.section, self._filter = SECTIONS[number], ""
        field = self.query_one(Input)
        field.value, field.display = "", False
        self._look()
        self._draw()

    def action_tab(self, step: int) -> None:
        """The next tab, or the one before."""
        self.action_open((SECTIONS.index(self.section) + step) % len(SECTIONS))

    def action_sort(self) -> None:
        """By the next of what the tab can be sorted by."""
        orders = self.section.orders
        if not orders:
            self.say(((f"{self.section.name} have their own order", "warn"),))
            return
        at = orders.index(self._order())
        self._orders[self.section.name] = orders[(at + 1) % len(orders)]
        self._look()
        self._draw()

    def action_filter(self) -> None:
        """Type what lines must hold."""
        field = self.query_one(Input)
        field.display = True
        # At once: whatever is typed from now on is meant for it, and not for the table.
        self.screen.set_focus(field)

    def action_unfilter(self) -> None:
        """All lines again."""
        self._close_filter(keep=False)

    def on_input_changed(self, change: Input.Changed) -> None:
        """Each letter counts at once."""
        self._filter = change.value
        self._draw()

    def on_input_submitted(self, _done: Input.Submitted) -> None:
        """Back to the lines that are left."""
        self._close_filter(keep=True)

    def on_data_table_row_selected(self, _chosen: DataTable.RowSelected) -> None:
        """All that is known of the line."""
        if (line := self.line()) is not None:
            self._open_page(details_of(self.section, line))

    def action_why(self) -> None:
        """Why its rule says so, and why nothing is done."""
        line = self.line()
        if line is None or not line.rule or not line.entity:
            self.say((("w needs a line with a rule and what it is about: alerts, rules, incidents, approvals, blocked", "warn"),))
            return
        self._open_page(why_of(line))

    def action_help(self) -> None:
        """Every key."""
        self.push_screen(Help(readonly=self.readonly))

    def _open_page(self, opened: Page) -> None:
        self.push_screen(Details(opened, self.feed), self._look_again)
        self._look(opened)

    def _look_again(self, _result: None) -> None:
        self._look()

    # What is said.

    def action_act(self, key: str) -> None:
        """Ask whether it is meant."""
        act, line = BY_KEY[key], self.line()
        if self.readonly:
            self.say(((f"{act.name} is refused: ", "bad"), _READONLY))
        elif act.subject(line) is None:
            self.say(((f"{act.name}: ", "warn"), act.wants))
        else:
            self.push_screen(Asking(act, line), self._tell)

    def _tell(self, said: Said | None) -> None:
        if said is None:
            self.say((("nothing was said", "dim"),))
        else:
            self.say(((f"{said.act.name} …", "dim"),))
            self.run_worker(self._post(said.act, said.body), name=said.act.name)

    async def _post(self, act: Act, body: dict[str, Any]) -> None:
        try:
            async with self._connect() as api:
                answer = await api.say(act.path, body)
        except WatchdogError as error:
            self.say(((f"{act.name} failed: ", "bad"), str(error)))
        else:
            style = "bad" if answer.refused else "good"
            self.say(((f"{act.name}: ", ""), (answer.outcome, style), f": {answer.reason}"))
            self.feed.again()

    def say(self, pieces: Sequence[Piece]) -> None:
        """Below the table, until something else is."""
        self._said = pieces
        self._draw_said()

    def _draw_said(self) -> None:
        lives: Piece = ("live", "good") if not self.feed.trouble else ("not connected", "bad")
        said = (" | ", *self._said) if self._said else ()
        self.screen_stack[0].query_one("#said", Static).update(row((*self._counts, ", ", lives, *said)))

    # What is shown.

    def line(self) -> Line | None:
        """The one under the cursor."""
        return self.screen_stack[0].query_one(Table).line

    def on_resize(self, _event: events.Resize) -> None:
        """Columns are as wide as there is room."""
        self._draw()

    def _order(self) -> str:
        return self._orders.get(self.section.name, self.section.orders[0] if self.section.orders else "")

    def _look(self, opened: Page | None = None) -> None:
        questions = {**QUESTIONS, _key(self.section, self._order()): self.section.question(self._order())}
        if opened is not None and opened.question is not None:
            questions[opened.name] = opened.question
        self.feed.want(questions)

    def _draw(self) -> None:
        """All of it as it is known now."""
        if not self.is_running or not self.screen_stack:
            return
        base, seen, is_old = self.screen_stack[0], self.feed.seen, bool(self.feed.trouble)
        if not is_old:
            self._seen_wall = time.time_ns() // 1_000_000
        overview, switches, status = (seen.get(name) for name in QUESTIONS)
        head = (agent_line(overview, is_wide=self.size.width >= WIDE), sidekiq_line(overview, status))
        base.query_one("#head", Static).update(page(head, is_old=is_old))
        asked = (_key(self.section, self._order()), *QUESTIONS)
        failed = next((self.feed.failed[name] for name in asked if name in self.feed.failed), "")
        when = f"{day_and_time(self._seen_wall)} UTC" if self._seen_wall else ""
        said = list(warnings(overview, switches, trouble=self.feed.trouble, failed=failed, seen=when))
        above = base.query_one("#warnings", Static)
        above.display = bool(said)
        above.update(page(said))
        self._draw_table(is_old=is_old)
        self._draw_said()
        base.query_one("#keys", Static).update(page(self._keys()))
        if isinstance(self.screen, Details):
            self.screen.draw()

    def _draw_table(self, *, is_old: bool) -> None:
        base = self.screen_stack[0]
        answer = self.feed.seen.get(_key(self.section, self._order()))
        drawn_from = (answer, self.section, self._filter, is_old, self.size)
        if answer is not None and answer is self._drawn_from[0] and drawn_from[1:] == self._drawn_from[1:]:
            return
        self._drawn_from = drawn_from
        every = [] if answer is None else list(self.section.lines(answer))
        wanted = self._filter.casefold()
        lines = [line for line in every if not wanted or any(wanted in text_of(piece).casefold() for piece in line.cells)]
        total = None if answer is None else self.section.total(answer)
        base.query_one("#tabs", Static).update(row(self._tabs()))
        self._counts = _counts(self.section, len(lines), total or len(every), self._order())
        nothing = base.query_one("#empty", Static)
        nothing.display = not lines
        nothing.update(row(((self._why_empty(answer, every), "dim"),)))
        base.query_one(Table).fill(self.section, lines, room=self.size.width - 1, is_old=is_old)

    def _why_empty(self, answer: Any, every: list[Line]) -> str:
        if answer is None:
            return "Nothing is known yet."
        return f"No line of {len(every)} has “{self._filter}” in it." if every else self.section.empty

    def _tabs(self) -> Sequence[Piece]:
        is_narrow = self.size.width < WIDE
        pieces: list[Piece] = []
        for number, section in enumerate(SECTIONS, 1):
            name = section.short if is_narrow else section.name
            pieces += [(f"{number} {name}", "chosen" if section is self.section else "dim"), " " if is_narrow else "  "]
        return pieces[:-1]

    def _keys(self) -> Sequence[Sequence[Piece]]:
        looks: Piece = ("enter details  w why  / filter  s sort  ? help  q quit", "dim")
        acts: Piece = ("readonly", "strong") if self.readonly else "  ".join(f"{act.key} {act.name}" for act in ACTS)
        return ((looks,), (acts,)) if self.size.width < WIDE else ((looks, " | ", acts),)

    def _close_filter(self, *, keep: bool) -> None:
        field = self.query_one(Input)
        if not keep:
            field.value = ""
        field.display = keep and bool(field.value)
        self.screen.set_focus(self.query_one(Table))


def _key(section: Section, order: str) -> str:
    """Under which its answer is kept: one by another order is another one."""
    return f"{section.name} {order}".strip()


def _counts(section: Section, shown: int, there: int, order: str) -> Sequence[Piece]:
    """How many lines of how many are shown, and in which order."""
    return (f"{section.name}: {f'{shown} of {there}' if shown != there else shown}{f', by {order}' if order else ''}",)
