"""Values as the page shows them."""

import pytest
from markupsafe import Markup

from watchdog.web.page import words

RIGHT_TO_LEFT = "\u202e"
NOON = 1_700_000_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("push", "push"),
        ("", ""),
        (" ", ""),
        ("a  b", "a b"),
        (f"a{RIGHT_TO_LEFT}b", "a\\u202eb"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("x" * 100, "x" * 79 + "…"),
        ("@room", "＠room"),  # noqa: RUF001  (that is the point)
        (" led and trailed ", "led and trailed"),
    ],
)
def test_a_strangers_text_is_one_harmless_line(text: str, expected: str) -> None:
    """Whatever could hide something is made visible, and what is long is cut."""
    assert expected == words.plain(text)


def test_what_a_template_wrote_itself_stays() -> None:
    """Only strings are mended; markup has been made by templates, and a number is a number."""
    assert Markup("<b>  x</b>") == words.shown(Markup("<b>  x</b>"))
    assert words.shown(7) == 7
    assert words.shown("<b>  x</b>") == "<b> x</b>"


def test_the_value_of_a_field_is_the_very_text() -> None:
    """What is sent back must name what it came from, however it looks; it is quoted all the same."""
    assert str(words.exact(f'"><script>{RIGHT_TO_LEFT}')) == f"&#34;&gt;&lt;script&gt;{RIGHT_TO_LEFT}"


def test_an_age_goes_on_counting_in_the_browser() -> None:
    """It says when it was, for the script, and how long ago that is, for those without."""
    text = str(words.since(NOON, NOON + 65_400))

    assert f'data-since="{NOON}"' in text
    assert ">1m 5s</time>" in text
    assert 'datetime="2023-11-14T22:13:20Z"' in text


def test_what_is_over_is_not_left() -> None:
    """A time that has passed has nothing left; one of which nothing is known says so."""
    assert ">0s</time>" in str(words.until(NOON, NOON + 1))
    assert ">30s</time>" in str(words.until(NOON + 30_000, NOON))
    assert str(words.until(None, NOON)) == "?"


def test_a_time_that_no_calendar_has_does_not_break_the_page() -> None:
    """A clock that has lost itself is shown at the end of the calendar that is nearer."""
    assert "9987" in str(words.day(10**18))
    assert "1970" in str(words.day(-(10**18)))


@pytest.mark.parametrize(("number", "expected"), [(1, "1 job"), (0, "0 jobs"), (12_480, "12,480 jobs"), (None, "? jobs")])
def test_things_are_counted(number: int | None, expected: str) -> None:
    """One is one, and all else are several."""
    assert expected == words.count(number, "job")
