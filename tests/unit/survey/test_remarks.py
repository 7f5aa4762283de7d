"""The table of remarks: whole, and true of what is said."""

import ast
import re
from pathlib import Path

import pytest

from watchdog.survey.remarks import REMARKS, remark

PACKAGE = Path(__file__).parents[3] / "watchdog"
SOURCES = [*(PACKAGE / "survey").glob("*.py"), PACKAGE / "cli" / "init.py"]


def said():
    """Each call of `remark` in the program: its name, and what it puts in."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "remark":
                assert isinstance(node.args[0], ast.Constant)
                yield node.args[0].value, {keyword.arg for keyword in node.keywords}


def test_all_of_them_are_said_and_no_others():
    """Each remark of the table is said somewhere, with just the values that its sentences have places for."""
    places = {one.name: set(re.findall(r"\{(\w+)\}", one.text + one.mend)) for one in REMARKS}
    seen = {}
    for name, values in said():
        assert places[name] == values
        seen[name] = values
    assert seen.keys() == places.keys()


@pytest.mark.parametrize("spec", REMARKS, ids=lambda spec: spec.name)
def test_values_with_braces_stay_as_they_are(spec):
    """What is put in was written by others, and is put in once."""
    values = dict.fromkeys(re.findall(r"\{(\w+)\}", spec.text + spec.mend), "{name}{0}")
    made = remark(spec.name, **values)
    assert made.text.count("{name}{0}") + made.mend.count("{name}{0}") == len(re.findall(r"\{(\w+)\}", spec.text + spec.mend))
