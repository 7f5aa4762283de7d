"""A receiver in a line: what waits, what was lost, whether people are heard by it, and what keeps it from being well."""

import pytest

from watchdog.cli.output import text_of
from watchdog.cli.receivers_view import Row, cells, is_well, joined
from watchdog.picture.receivers import Box, Hears, Receiver

AT = 1_000_000_000


def shown(receiver: Receiver, **box: object) -> list[str]:
    """The cells behind its name."""
    (row,) = cells([Row("ops", receiver, Box(**box))], at=AT)  # type: ignore[arg-type]
    return [text_of(cell) for cell in row][1:]


@pytest.mark.parametrize(
    ("box", "cells", "well"),
    [
        ({"delivered": 1_234}, ["webhook", "0", "1,234", "0", "", "well"], True),
        ({"waiting": 2, "oldest": AT - 60_000}, ["webhook", "2, the oldest for 1m", "0", "0", "", "well"], True),
        ({"waiting": 2, "oldest": AT - 60_000, "held": AT + 7_200_000}, ["webhook", "2, the oldest for 1m", "0", "0", "", "held back, by quiet hours, for 2h more"], True),
        ({"waiting": 1, "oldest": AT - 60_000, "held": AT}, ["webhook", "1, the oldest for 1m", "0", "0", "", "well"], True),
        ({"waiting": 1, "last_error": "503"}, ["webhook", "1", "0", "0", "", "503"], True),
        ({"delivered": 1, "last_error": "503"}, ["webhook", "0", "1", "0", "", "well"], True),
        ({"again": 3}, ["webhook", "0", "0", "0", "", "3 perhaps told twice"], True),
        (
            {"waiting": 7, "failures": 5, "failing": AT - 3_600_000, "next_try": AT + 120_000, "last_error": "the token is no longer valid", "given_up": 1, "left_out": 2},
            ["webhook", "7", "0", "3", "", "fails for 1h, 5 times in a row: the token is no longer valid; tried again in 2m"],
            False,
        ),
        ({"waiting": 9_000, "full": AT - 60_000, "left_out": 2_500}, ["webhook", "9,000", "0", "2,500", "", "more waits than there is room for, since 1m: 2,500 left out"], False),
    ],
)  # fmt: skip
def test_what_it_is_told(box, cells, well):
    """Ages, not moments; what is over says nothing any more."""
    assert shown(Receiver("webhook"), **box) == cells
    assert is_well(Row("ops", Receiver("webhook"), Box(**box))) is well


@pytest.mark.parametrize(
    ("hears", "says", "well"),
    [
        (Hears(AT - 60_000), "heard for 1m", True),
        (Hears(None), "not heard: not begun yet", True),
        (Hears(AT - 60_000, "the homeserver does not answer"), "not heard: the homeserver does not answer", False),
        (Hears(None, "internal error: ValueError"), "not heard: internal error: ValueError", False),
    ],
)
def test_whether_people_are_heard(hears, says, well):
    """Where they can answer at all."""
    assert shown(Receiver("matrix", hears))[4] == says
    assert is_well(Row("ops", Receiver("matrix", hears), Box())) is well


def test_one_that_is_gone():
    """It is shown as long as something waits for it; an older agent tells of boxes alone."""
    boxes = {"ops": Box(delivered=1), "old": Box(waiting=1), "older": Box(delivered=9)}
    rows = joined({"ops": Receiver("webhook"), "room": Receiver("matrix")}, boxes)
    assert [(row.name, row.receiver.type, row.box.waiting) for row in rows] == [
        ("ops", "webhook", 0),
        ("room", "matrix", 0),
        ("old", "gone", 1),
    ]
    assert [is_well(row) for row in rows] == [True, True, False]
    assert [row.name for row in joined(None, boxes)] == ["ops", "old", "older"]
