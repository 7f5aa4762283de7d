"""Rows to ask conditions about."""

from collections.abc import Callable
from typing import Any

import pytest

from watchdog.lang.condition import Condition, read_condition
from watchdog.lang.text import Text
from watchdog.model.kinds import Kind
from watchdog.model.rows import ROW_TYPES

MakeRow = Callable[..., Any]


@pytest.fixture
def row() -> MakeRow:
    """Makes a row of a kind with these readings; all others are missing."""

    def make(kind: Kind, **readings: Any) -> Any:
        made = ROW_TYPES[kind]("it")
        for slot, value in readings.items():
            setattr(made, slot, value)
        return made

    return make


@pytest.fixture
def condition() -> Callable[..., Condition]:
    """Reads a condition that must be sound."""

    def read(text: str, kind: Kind = Kind.PROCESS) -> Condition:
        found, problems = read_condition(Text(text, "rules.yml"), kind)
        assert found is not None, [str(problem) for problem in problems]
        return found

    return read
