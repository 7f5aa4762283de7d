"""From tries to readings: two in a row, and nothing told twice."""

import pytest

from watchdog.checks.attempt import Room
from watchdog.checks.record import Record


def run(tries: str) -> list[object]:
    """`ok` after each try; `+` is a success, `-` a failure."""
    record = Record()
    found: list[object] = []
    for number, one in enumerate(tries):
        record.take("" if one == "+" else "refused", began=1_000 * number, took=5)
        found.append(record.ok)
    return found


@pytest.mark.parametrize(
    ("tries", "expected"),
    [
        ("+", [True]),
        ("-", [None]),
        ("--", [None, False]),
        ("-+", [None, True]),
        ("+-", [True, True]),
        ("+--", [True, True, False]),
        ("+-+-+-", [True] * 6),
        ("--+", [None, False, False]),
        ("--++", [None, False, False, True]),
        ("--+-+-", [None, False, False, False, False, False]),
        ("--++-", [None, False, False, True, True]),
    ],
)
def test_what_counts(tries, expected):
    """Only two tries in a row turn what holds; but the very first success does at once. One that flaps stays what it was."""
    assert run(tries) == expected


def test_what_is_told():
    """Only what has changed; the failure counts from the first try of those that go on, whatever succeeds in between by chance."""
    record = Record()
    told = [
        record.take("", began=0, took=5),
        record.take("", began=10_000, took=6),
        record.take("refused", began=20_000, took=1),
        record.take("refused", began=22_000, took=1),
        record.take("no answer", began=32_000, took=1),
        record.take("", began=42_000, took=4),
        record.take("no answer", began=44_000, took=1),
        record.take("", began=54_000, took=4),
        record.take("", began=56_000, took=4_000),
    ]

    assert told == [
        {"ok": True, "failing_at": None, "latency": 5, "free_connections": None, "max_connections": None, "problem": ""},
        {},
        {"problem": "refused"},
        {"ok": False, "failing_at": 20_000},
        {"problem": "no answer"},
        {"problem": ""},
        {"problem": "no answer"},
        {"problem": ""},
        {"ok": True, "failing_at": None, "latency": 4_000},
    ]


@pytest.mark.parametrize(("tries", "doubtful"), [("+", False), ("-", True), ("--", False), ("+-", True), ("--+", True), ("--++", False)])
def test_when_to_try_again_soon(tries, doubtful):
    """After a try that says something else than what holds."""
    record = Record()
    for one in tries:
        record.take("" if one == "+" else "x", began=0, took=1)

    assert record.is_doubtful is doubtful


def test_how_much_room_there_is():
    """As the last success told it, if it is much more or less than was told; while the check fails nobody knows."""
    record = Record()
    told = [
        record.take(said, began=0, took=5, room=None if room is None else Room(room, 97))
        for said, room in (("", 40), ("", 44), ("", 36), ("", 35), ("", None), ("", 3), ("", 1), ("", 0), ("refused", None), ("refused", None), ("", 30), ("", 30))
    ]  # fmt: skip

    assert [one["free_connections"] for one in told if "free_connections" in one] == [40, 35, None, 3, 0, None, 30]
    assert [one["max_connections"] for one in told if "max_connections" in one] == [97, None, 97, None, 97]
