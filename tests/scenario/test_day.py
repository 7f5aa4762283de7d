"""A few hours of an ordinary server, minute by minute: which actions there must be, which denials with which guard, and nothing else. `make trial` lives the whole day."""

from pathlib import Path

import pytest
from rich.console import Console

from tests.scenario.day_programme import account, as_table, between, differences, lived, unexplained


@pytest.mark.parametrize(("begins", "ends"), [("00:45", "04:00"), ("10:00", "15:30")], ids=["night", "noon"])
def test_some_hours(begins: str, ends: str, tmp_path: Path) -> None:
    """
    Every decision and every signal is what the hours ask for, in their order, and there is none beside them.

    Every denial has a guard and a reason; of every action the account says what was seen and what came of it. Every job that was ever begun has been done once,
    or stands in one known place.
    """
    day = lived(tmp_path, begins=begins, ends=ends)
    Console(width=220).print(as_table(day))

    assert between(begins, ends)
    assert differences(day, begins, ends) == []
    assert unexplained(day) == []
    assert [row for row in account(day) if not (row[5] or row[6])] == []
    assert day.lost() == []
    assert len(day.pushed) > 10_000
