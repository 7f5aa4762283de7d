"""Columns fit the window: what is widest gives way, and what is to be kept last."""

from watchdog.cli.top.fitting import widths_of
from watchdog.cli.top.lines import Line


def line(*cells: str) -> Line:
    """A line of cells."""
    return Line(key=cells[0], cells=cells, item=None)


def test_what_fits_is_as_wide_as_it_is():
    """Headings count, too."""
    assert widths_of(("a", "longer"), [line("abc", "x")], room=80, between=2) == [3, 6]
    assert widths_of(("a", "b"), [], room=80, between=2) == [1, 1]


def test_the_widest_gives_way():
    """The narrow ones stay whole."""
    assert widths_of(("a", "b"), [line("x" * 5, "y" * 200)], room=40, between=2) == [5, 31]
    assert widths_of(("a", "b"), [line("x" * 50, "y" * 50)], room=44, between=2) == [20, 20]
    assert widths_of(("a", "b"), [line("x" * 50, "y" * 50)], room=44, between=2, keeps={"a"}) == [27, 13]


def test_nothing_is_made_too_narrow():
    """Where even that does not fit it is wider than the window, and nothing hangs."""
    assert widths_of(("a", "b"), [line("x" * 50, "y" * 50)], room=5, between=2) == [5, 5]
    assert widths_of(("a", "b"), [line("x" * 50, "y" * 50)], room=14, between=2) == [8, 8]
