"""Pages over the table: all that is known of a line, why a rule says so, and the keys. They stay up to date while they are open."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Final
from urllib.parse import quote

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from watchdog.cli.output import Piece
from watchdog.cli.top.acts import ACTS
from watchdog.cli.top.feed import Feed, Question
from watchdog.cli.top.lines import Line, Section
from watchdog.cli.top.painting import page
from watchdog.cli.why_view import why_lines
from watchdog.web.views.why import Why

_BINDINGS: Final[list[BindingType]] = [
    *(Binding(key, "dismiss", show=False) for key in ("escape", "q", "enter", "backspace")),
    *(Binding(key, way, show=False) for key, way in (("j", "down"), ("k", "up"), ("down", "down"), ("up", "up"), ("space", "page_down"))),
    *(Binding(key, way, show=False) for key, way in (("pagedown", "page_down"), ("pageup", "page_up"), ("home", "home"), ("end", "end"))),
]
_CSS: Final = """
{name} {{ align: center middle; }}
{name} VerticalScroll {{ width: 96%; height: 92%; border: solid $primary; padding: 0 1; background: $surface; }}
{name} Static {{ height: auto; }}
"""


class Page(msgspec.Struct, frozen=True):
    """One page: its `title`, what it asks for under which `name`, if anything, and its `rows` of the answer (None while there is none)."""

    name: str
    title: str
    question: Question | None
    rows: Callable[[Any], Iterable[Sequence[Piece]]]


def details_of(section: Section, line: Line) -> Page:
    """All that is known of a line."""
    return Page(f"{section.name} of {line.key}", section.name, section.more(line), lambda answer: section.details(line, answer))


def why_of(line: Line) -> Page:
    """Why its rule says so of its entity, live."""
    question = Question(
        f"why/{quote(line.rule, safe='')}", Why, frozenset({"matrix", "alerts", "blocked", "switches"}), {"entity": line.entity}, every=2.0
    )
    return Page(f"why {line.rule} {line.entity}", "why", question, _why)


def _why(answer: Any) -> Iterable[Sequence[Piece]]:
    return why_lines(answer, wall=time.time_ns() // 1_000_000) if isinstance(answer, Why) else ((("asking …", "dim"),),)


class _Scrolled(ModalScreen[None]):
    """What all pages have in common."""

    BINDINGS: ClassVar[list[BindingType]] = _BINDINGS

    def compose(self) -> ComposeResult:
        """One text that scrolls."""
        with VerticalScroll() as box:
            box.border_subtitle = "escape: back"
            yield Static(id="page", markup=False)

    def action_down(self) -> None:
        """A line on."""
        self.query_one(VerticalScroll).scroll_down(animate=False)

    def action_up(self) -> None:
        """A line back."""
        self.query_one(VerticalScroll).scroll_up(animate=False)

    def action_page_down(self) -> None:
        """A page on."""
        self.query_one(VerticalScroll).scroll_page_down(animate=False)

    def action_page_up(self) -> None:
        """A page back."""
        self.query_one(VerticalScroll).scroll_page_up(animate=False)

    def action_home(self) -> None:
        """To its beginning."""
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def action_end(self) -> None:
        """To its end."""
        self.query_one(VerticalScroll).scroll_end(animate=False)


class Details(_Scrolled):
    """A page that stays up to date."""

    CSS = _CSS.format(name="Details")

    def __init__(self, shown: Page, feed: Feed) -> None:
        super().__init__()
        self.shown = shown
        self._feed = feed

    def on_mount(self) -> None:
        """What is known already."""
        self.query_one(VerticalScroll).border_title = self.shown.title
        self.draw()

    def draw(self) -> None:
        """As it is known now."""
        feed = self._feed
        name = self.shown.name
        rows = list(self.shown.rows(feed.seen.get(name)))
        if failed := feed.failed.get(name):
            rows = [((failed, "bad"),), *rows]
        for found in self.query("#page").results(Static):
            found.update(page(rows, is_old=bool(feed.trouble)))


class Help(_Scrolled):
    """Every key, and what it does."""

    CSS = _CSS.format(name="Help")

    def __init__(self, *, readonly: bool) -> None:
        super().__init__()
        self._readonly = readonly

    def on_mount(self) -> None:
        """It does not change."""
        self.query_one(VerticalScroll).border_title = "keys"
        self.query_one("#page", Static).update(page(help_lines(readonly=self._readonly)))


def help_lines(*, readonly: bool) -> Iterable[Sequence[Piece]]:
    """The keys; lower case looks, upper case acts."""
    yield (("Lower case looks", "strong"),)
    for key, does in (
        ("1 … 9, ← →", "choose a tab"),
        ("↑ ↓", "choose a line"),
        ("enter", "all that is known of the line"),
        ("w", "why its rule says so, and why nothing is done about it"),
        ("/", "only lines with what you type; escape shows all again"),
        ("s", "sort by something else"),
        ("?", "this page"),
        ("q", "leave"),
    ):
        yield f"  {key:<12}", does
    yield ("",)
    yield (("UPPER CASE acts, after a confirmation", "strong"),)
    for act in ACTS:
        yield f"  {act.key:<12}", act.name
    if readonly:
        yield (("  not now: top was started with --readonly", "warn"),)
    yield ("",)
    yield (
        "What else can be done, `sidekiq-watchdog --help` tells: arm, close, recover, restart and their kin are for the command line alone.",
    )
