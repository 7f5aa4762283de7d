"""The table of a tab: as wide as the window, its cursor on the same thing wherever that comes to stand. What has not changed is not drawn again."""

from collections.abc import Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from watchdog.cli.top.fitting import widths_of
from watchdog.cli.top.lines import Line, Section
from watchdog.cli.top.painting import cell, is_same


class Table(DataTable[Any]):
    """Left and right choose the tab, since all columns are in sight, home and end the first line and the last."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "app.tab(-1)", show=False),
        Binding("right", "app.tab(1)", show=False),
        Binding("home", "scroll_top", show=False),
        Binding("end", "scroll_bottom", show=False),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002  (as textual calls it)
        super().__init__(id=id, cursor_type="row", zebra_stripes=False)
        self._frame: tuple[Any, ...] = ()
        self._lines: dict[str, Line] = {}

    @property
    def line(self) -> Line | None:
        """The one under the cursor."""
        lines = list(self._lines.values())
        return lines[self.cursor_row] if 0 <= self.cursor_row < len(lines) else None

    def fill(self, section: Section, lines: Sequence[Line], *, room: int, is_old: bool) -> None:
        """Show these lines of that tab within `room` columns; `is_old` greys them."""
        widths = widths_of(section.headings, lines, room=room, between=2 * self.cell_padding, keeps=section.keeps)
        by_key = {line.key: line for line in lines}
        painted = {
            key: [cell(piece, width, is_old=is_old) for piece, width in zip(line.cells, widths, strict=True)]
            for key, line in by_key.items()
        }
        frame = (section.name, list(by_key), widths)
        with self.app.batch_update():
            if frame == self._frame:
                self._renew(painted)
            else:
                self._rebuild(section, painted, widths)
        self._frame, self._lines = frame, by_key

    def _renew(self, painted: dict[str, list[Text]]) -> None:
        """The same lines, of which some cells say something else."""
        for key, cells in painted.items():
            for place, one in enumerate(cells):
                if not is_same(self.get_cell(key, str(place)), one):
                    self.update_cell(key, str(place), one)

    def _rebuild(self, section: Section, painted: dict[str, list[Text]], widths: Sequence[int]) -> None:
        """All of it anew, with the cursor on what it was on, or, where that has gone, on the same place."""
        is_same_tab = self._frame[:1] == (section.name,)
        at, line = (self.cursor_row, self.line) if is_same_tab else (0, None)
        under = "" if line is None else line.key
        self.clear(columns=True)
        for place, (heading, width) in enumerate(zip(section.headings, widths, strict=True)):
            self.add_column(cell((heading, "strong"), max(width, 1)), key=str(place), width=max(width, 1))
        for key, cells in painted.items():
            self.add_row(*cells, key=key)
        if painted:
            self.move_cursor(row=list(painted).index(under) if under in painted else min(at, len(painted) - 1))
