"""How wide the columns of a table are, so that it fits the window: what is wide gives way first, and says by `…` that it did."""

from collections.abc import Collection, Sequence
from typing import Final

from watchdog.cli.output import text_of
from watchdog.cli.top.lines import Line

NARROWEST: Final = 8
"""No column is made narrower than this, unless all it holds is; where even that does not fit the last ones stand beyond the edge."""


def widths_of(headings: Sequence[str], lines: Sequence[Line], *, room: int, between: int, keeps: Collection[str] = ()) -> list[int]:
    """The width of each column within `room` characters, of which `between` are the padding of each. The columns in `keeps` stay twice as wide as others."""
    widths = [len(heading) for heading in headings]
    for line in lines:
        for place, cell in enumerate(line.cells):
            widths[place] = max(widths[place], min(len(text_of(cell)), room))
    over = sum(widths) + between * len(widths) - room
    while over > 0:
        # Of two that are equally wide the last gives way.
        widest = max(range(len(widths)), key=lambda place: (widths[place] / (2 if headings[place] in keeps else 1), place))
        if widths[widest] <= NARROWEST:
            break
        widths[widest] -= 1
        over -= 1
    return widths
