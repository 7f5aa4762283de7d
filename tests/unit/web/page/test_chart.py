"""Series as drawings."""

import xml.etree.ElementTree as ET

import pytest

from watchdog.web.page.chart import HIGH, chart, thinned


def _paths(text: str) -> list[str]:
    return [path.get("d") or "" for path in ET.fromstring(text).iter() if path.tag == "path"]


def test_it_is_read_aloud() -> None:
    """It is an image with a name, that says what it is, how it stands, and between which values it was."""
    drawing = ET.fromstring(str(chart([1, 4, 2], "jobs that wait in <push>", lambda value: f"{value:g}")))

    assert drawing.get("role") == "img"
    assert drawing.get("aria-label") == "jobs that wait in <push>: 2 now, 1 to 4"
    assert drawing[0].text == drawing.get("aria-label")


def test_it_is_drawn_from_its_peak_down() -> None:
    """The greatest value is at the top, and nothing at the bottom."""
    _, line = _paths(str(chart([0, 10, 5], "x", str)))

    assert line == f"M0 {HIGH - 1}l60 -27l60 13"


def test_what_is_not_known_is_a_gap() -> None:
    """No line leads over it; one reading alone is a short stroke."""
    _, line = _paths(str(chart([1, 1, None, 1], "x", str)))

    assert line.count("M") == 2
    assert line.endswith("h2")


@pytest.mark.parametrize("values", [[], [None, None], [float("nan")]])
def test_nothing_known_is_no_drawing(values: list[float | None]) -> None:
    """A sentence stands in its place."""
    assert "no readings" in str(chart(values, "x", str))


def test_a_peak_is_not_lost() -> None:
    """Of those that fall together the greatest is drawn."""
    values: list[float | None] = [0.0] * 480
    values[123] = 9.0

    fewer = thinned(values, 60)

    assert len(fewer) == 60
    assert max(value for value in fewer if value is not None) == 9.0


def test_a_line_is_small() -> None:
    """Four hours of a queue weigh no more than a sentence or two."""
    assert len(str(chart([float(number * 7919 % 1000) for number in range(480)], "latency of push", str))) < 1_500


def test_all_zeros_lie_on_the_ground() -> None:
    """Nothing is divided by nothing."""
    _, line = _paths(str(chart([0, 0], "x", str)))

    assert line == f"M0 {HIGH - 1}l120 0"
