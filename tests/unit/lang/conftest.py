"""Rows to ask conditions about."""

from collections.abc import Callable
from typing import Any

import pytest

from watchdog.lang.buckets import bucket
from watchdog.lang.condition import Condition, read_condition
from watchdog.lang.demands import Tally
from watchdog.lang.text import Text
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
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


class Kept:
    """A scope that answers with what a test put into it, and with nothing else."""

    def __init__(self, *, rows=(), over=None, held=None, turns=None, tallies=None):
        self.rows = {(row.kind, row.id): row for row in rows}
        self.answers, self.truths, self.moments, self.tallies = over or {}, held or {}, turns or {}, tallies or {}

    def find(self, kind, entity):
        return self.rows.get((kind, entity))

    def over(self, series, entity, function, window, now):
        return self.answers.get((series, entity, str(function), window), MISSING)

    def slides(self, series, entity, window, now):
        return (now // bucket(window) + 1) * bucket(window)

    def held(self, series, entity, window, now):
        return self.truths.get((series, entity, window))

    def turns(self, series, entity, window, now):
        return self.moments.get((series, entity, window))

    def tally(self, aggregate, group):
        return self.tallies.get((aggregate, group), Tally())


@pytest.fixture
def kept() -> type[Kept]:
    """The class of such scopes."""
    return Kept
