"""What a rule says of what to do: which of it is text, and how much of it has room."""

import pytest

from watchdog.model.runbook import BRIEF, brief, is_text


@pytest.mark.parametrize(
    ("runbook", "is_one"),
    [("", False), ("https://example.org/slow", False), ("docs/slow.md", False), ("Wait.\nThen look.", True), ("just wait", True)],
)
def test_what_is_text(runbook: str, is_one: bool) -> None:
    """A blank or a line break makes it one; a page and a file have none."""
    assert is_text(runbook) is is_one


def test_what_fits_stays_as_it_is() -> None:
    """Up to the last character; an address is never cut, for half of it leads nowhere."""
    assert brief("wait " + "x" * (BRIEF - 5)) == "wait " + "x" * (BRIEF - 5)
    address = "https://example.org/" + "x" * BRIEF
    assert brief(address) == address


def test_what_does_not_fit_is_cut_at_a_line() -> None:
    """Whole lines stay, and a last one says that there is more; all of it has room."""
    assert brief("first\nsecond\nthird", 14) == "first\nsecond\n…"
    assert brief("first\nsecond\nthird", 13) == "first\n…"
    assert brief("one line without an end", 14) == "one line\n…"
    assert brief("x" * 20 + "\ny", 10) == "x" * 8 + "\n…"
