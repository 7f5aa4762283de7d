"""Tests wait for what they wait for; they do not sleep and hope."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
ON_PURPOSE = "sleeps on purpose:"
VIRTUAL = "looptime"
"""In a file that turns the clock itself a sleep costs nothing."""


def sleeps(source: str) -> Iterator[int]:
    """The lines that call `time.sleep` or `asyncio.sleep` with anything but a literal 0, and do not say why."""
    if ".sleep(" not in source:
        # Most files: to parse them all would take as long as a unit test may.
        return
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="time" | "asyncio" as module), attr="sleep"), args=[pause, *_]):
                if isinstance(pause, ast.Constant) and pause.value == 0:
                    continue
                if module == "asyncio" and VIRTUAL in source:
                    continue
                if ON_PURPOSE not in lines[node.lineno - 1]:
                    yield node.lineno


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("time.sleep(1)", [1]),
        ("x = 1\nawait asyncio.sleep(pause)", [2]),
        ("await asyncio.sleep(0)", []),
        ("time.sleep(30)  # sleeps on purpose: it is the child that has to be ended", []),
        ("import looptime\nawait asyncio.sleep(3600)", []),
    ],
)
def test_a_sleep_is_found(source, lines):
    """Every real sleep is found, unless its line says what it is for."""
    assert list(sleeps(source)) == lines


def test_no_test_sleeps_to_wait():
    """No test passes time in the hope that something will have happened by then; fixtures that wait for a condition look again and again."""
    files = list(TESTS.rglob("test_*.py"))
    assert files
    # Only what can be meant is parsed: there are hundreds of files.
    sources = {path: source for path in files if ".sleep(" in (source := path.read_text())}
    found = [f"{path.relative_to(TESTS.parent)}:{line}" for path, source in sources.items() for line in sleeps(source)]
    assert found == [], f"wait for the event, use `until`, or say why on that line: `# {ON_PURPOSE} …`"
