"""The table of codes."""

import re
from pathlib import Path

import pytest

import watchdog.lang
from watchdog.errors import CodeSpec, Problem
from watchdog.lang.codes import BY_CODE, CODES
from watchdog.lang.condition import read_condition, read_reference
from watchdog.lang.given import read_given
from watchdog.lang.literal import read_literal
from watchdog.lang.names import read_name, read_names
from watchdog.lang.template import read_template
from watchdog.lang.text import Text
from watchdog.model.kinds import Kind, Type


def read(spec: CodeSpec) -> tuple[Problem, ...]:
    """Reads the example of a code with the reader that knows it."""
    text = Text(spec.example, "example")
    match spec.code:
        case "E220":
            return read_condition(text, Kind.JOB)[1]
        case "E226":
            return read_names({"again": text})[1]
        case "E227":
            return read_name(text)[1]
        case "E216":
            return read_reference(text, Kind.PROCESS, Kind.PROCESS)[1]
        case "E217":
            return read_literal(text, Type.DURATION)[1]
        case "E228":
            return read_given(text, Kind.PROCESS)[1]
        case "E320":
            return read_template(text, Kind.PROCESS)[1]
        case _:
            return read_condition(text, Kind.PROCESS)[1]


@pytest.mark.parametrize("spec", CODES, ids=lambda spec: spec.code)
def test_an_example_provokes_just_its_code(spec: CodeSpec):
    """Who looks up a code sees a text that really has that problem, and no other."""
    assert [problem.code for problem in read(spec)] == [spec.code]


def test_every_code_that_is_used_is_in_the_table():
    """No reader of the package complains with a code that nobody can look up, and the table has no dead ones."""
    folder = Path(watchdog.lang.__file__).parent
    used = {
        code
        for path in folder.glob("*.py")
        if path.name != "codes.py"
        for code in re.findall(r'"(E\d{3})"', path.read_text(encoding="utf-8"))
    }
    assert used == {spec.code for spec in CODES}
    assert len(BY_CODE) == len(CODES)
