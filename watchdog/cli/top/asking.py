"""Asking whether it is meant: what will happen, for how long, and why. Only what was typed here is said, and only of what was chosen when it opened."""

from typing import Any, ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from watchdog.cli.exits import UsageError
from watchdog.cli.top.acts import Act, body_of
from watchdog.cli.top.lines import Line
from watchdog.cli.top.painting import row


class Said(msgspec.Struct, frozen=True):
    """What somebody means to say."""

    act: Act
    body: dict[str, Any]


class Asking(ModalScreen[Said | None]):
    """Ends with what is to be said, or None."""

    # The reason is what has to be typed; by the time that anything is seen of it, it is where letters go.
    AUTO_FOCUS = "#reason"
    CSS = """
    Asking { align: center middle; }
    Asking Vertical { width: 76; max-width: 96%; height: auto; border: solid $warning; padding: 0 1; background: $surface; }
    Asking Input { height: 1; border: none; padding: 0; }
    Asking Static { height: auto; }
    Asking .space { height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, act: Act, line: Line | None) -> None:
        super().__init__()
        self._act = act
        self._line = line

    def compose(self) -> ComposeResult:
        """The sentence, the fields, and how to go on."""
        with Vertical() as box:
            box.border_title = self._act.name
            yield Static(row((self._act.will(self._line),)), markup=False)
            yield Static(classes="space")
            if self._act.lasts:
                yield Static("for how long (30m, 2h, at most 7d):", markup=False)
                yield Input(self._act.lasts, id="lasts", compact=True)
            yield Static("why:" if self._act.needs_reason else "why (if you like):", markup=False)
            yield Input(id="reason", compact=True)
            yield Static(id="wrong", markup=False)
            yield Static(row(((f"enter: {self._act.name}   escape: say nothing", "strong"),)), markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """It is meant, if nothing is missing."""
        event.stop()
        lasts = self.query_one("#lasts", Input).value if self._act.lasts else ""
        try:
            body = body_of(self._act, self._line, lasts=lasts, reason=self.query_one("#reason", Input).value)
        except UsageError as error:
            self.query_one("#wrong", Static).update(row(((str(error), "bad"),)))
            return
        self.dismiss(Said(self._act, body))

    def on_input_changed(self, event: Input.Changed) -> None:
        """What is typed here filters no table."""
        event.stop()

    def action_leave(self) -> None:
        """It was not meant."""
        self.dismiss(None)
