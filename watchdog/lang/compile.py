"""
Checked tree → Python code: a condition costs what the same lines written by hand would.

The code touches readings as they are. A missing one raises, and then, as after a division by zero, `evaluate` decides: so the
code need not know that there are three values of truth. The one thing that Python would let pass is a float that is not
finite; where one could arise, the code looks. What occurs more than once is calculated once (`shared.py`).

The tree becomes a Python syntax tree, never a Python text: nothing that a rule's author writes is ever parsed as Python.
"""

import ast
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from watchdog.lang.checked import Checked
from watchdog.lang.code import Code
from watchdog.lang.demands import Scope
from watchdog.lang.evaluate import evaluate, exact
from watchdog.lang.nowhere import NOWHERE
from watchdog.lang.ready import Exact, made_ready
from watchdog.model.missing import MISSING, MissingReading
from watchdog.model.rows import Row


class Predicate(Protocol):
    """The truth of a condition on a row at an engine time, None where it can't be known."""

    def __call__(self, row: Row, now: int, scope: Scope = NOWHERE, /) -> bool | None: ...  # noqa: D102


class Valuer(Protocol):
    """A value of a row at an engine time, MISSING where it can't be known."""

    def __call__(self, row: Row, now: int, scope: Scope = NOWHERE, /) -> Any: ...  # noqa: D102


class Sweep(Protocol):
    """Those of many rows of which a condition is true or unknown: its loop is part of the compiled code."""

    def __call__(self, rows: Iterable[Row], now: int, scope: Scope = NOWHERE, /) -> list[Row]: ...  # noqa: D102


UNKNOWABLE: Final = (MissingReading, ZeroDivisionError, OverflowError)
"""What compiled code raises where exact evaluation has to decide."""

_TRUTH: Final = """
def function(row, now, scope=nowhere):
    try:
        return True if condition else False
    except unknowable:
        return decide(row, now, scope)
"""
_SWEEP: Final = """
def function(rows, now, scope=nowhere):
    found = []
    for row in rows:
        try:
            if condition:
                found.append(row)
        except unknowable:
            if decide(row, now, scope) is not False:
                found.append(row)
    return found
"""
_VALUE: Final = """
def function(row, now, scope=nowhere):
    try:
        return known(condition)
    except unknowable:
        return decide(row, now, scope)
"""


def compile_condition(tree: Checked) -> Predicate:
    """The function that says whether a tree of type BOOL holds; it agrees with `evaluate` for every row."""
    predicate: Predicate = _run(_TRUTH, tree, _deciding(tree))
    return predicate


def compile_sweep(tree: Checked) -> Sweep:
    """The function that does so for many rows; made when it is first called, for few are ever swept through."""
    made: list[Sweep] = []

    def sweep(rows: Iterable[Row], now: int, scope: Scope = NOWHERE, /) -> list[Row]:
        if not made:
            made.append(_run(_SWEEP, tree, _deciding(tree)))
        return made[0](rows, now, scope)

    return sweep


def compile_value(tree: Checked) -> Valuer:
    """The function that gives the value of a tree of any type: the one of `evaluate` where that is exact, else MISSING."""

    def decide(row: Row, now: int, scope: Scope) -> Any:
        found = evaluate(tree, row, now, scope)
        return found if exact(found) else MISSING

    valuer: Valuer = _run(_VALUE, tree, decide)
    return valuer


def _deciding(tree: Checked) -> Callable[[Row, int, Scope], bool | None]:
    made: list[Exact] = []

    def decide(row: Row, now: int, scope: Scope) -> bool | None:
        if not made:
            made.append(made_ready(tree))
        truth: bool | None = made[0](row, now, scope)
        return truth

    return decide


def _run(frame: str, tree: Checked, decide: Callable[..., Any]) -> Any:
    code = Code(tree, compile_value)
    module = _Filling(code.expression(tree)).visit(ast.parse(frame))
    ast.fix_missing_locations(module)
    names: dict[str, Any] = {
        **code.names, "unknowable": UNKNOWABLE, "decide": decide, "refuse": _refuse, "known": _known, "missing": MISSING, "nowhere": NOWHERE,
    }  # fmt: skip
    exec(compile(module, "<condition>", "exec"), names)  # noqa: S102  (the tree was built here, node by node)
    return names["function"]


class _Filling(ast.NodeTransformer):
    """Puts an expression where `condition` stands in a frame."""

    def __init__(self, expression: ast.expr) -> None:
        self._expression = expression

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """The expression in place of its word."""
        return self._expression if node.id == "condition" else node


def _refuse() -> None:
    raise MissingReading


def _known(value: object) -> object:
    if value is MISSING:
        raise MissingReading
    return value
