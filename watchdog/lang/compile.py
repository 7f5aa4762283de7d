"""
Checked tree → Python code: a condition costs what the same lines written by hand would.

The code touches readings as they are. A missing one raises, and then, as after a division by zero, `evaluate` decides: so the
code need not know that there are three values of truth. The one thing that Python would let pass is a float that is not
finite; where one could arise, the code looks.

The tree becomes a Python syntax tree, never a Python text: nothing that a rule's author writes is ever parsed as Python.
"""

import ast
from collections.abc import Callable
from typing import Any, Final, assert_never

from watchdog.lang.checked import (
    Calculation,
    Checked,
    Comparison,
    Constant,
    Contains,
    Every,
    Inverse,
    Negative,
    OneOf,
    Reading,
    Resembles,
    Some,
)  # fmt: skip
from watchdog.lang.evaluate import evaluate
from watchdog.lang.glob import compile_pattern
from watchdog.model.fields import Clock, FieldSpec
from watchdog.model.kinds import Type
from watchdog.model.missing import MISSING, MissingReading
from watchdog.model.rows import Row

Predicate = Callable[[Row, int], bool | None]
"""(row, engine time) → the truth, None where it can't be known."""

UNKNOWABLE: Final = (MissingReading, ZeroDivisionError, OverflowError)
"""What compiled code raises where exact evaluation has to decide."""

_FRAME: Final = """
def holds(row, now):
    try:
        return True if condition else False
    except unknowable:
        return exact(row, now)
"""
_OPERATORS: Final[dict[str, type[ast.operator]]] = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult, "/": ast.Div}
_COMPARATORS: Final[dict[str, type[ast.cmpop]]] = {"==": ast.Eq, "!=": ast.NotEq, "<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE}
_FLOATS: Final = frozenset({Type.RATIO, Type.RATE, Type.CORES})


def compile_condition(tree: Checked) -> Predicate:
    """The function that says whether a tree of type BOOL holds; it agrees with `evaluate` for every row."""

    def exact(row: Row, now: int) -> bool | None:
        truth: bool | None = evaluate(tree, row, now)
        return truth

    code = _Code()
    frame = ast.parse(_FRAME)
    _put(frame, code.expression(tree))
    ast.fix_missing_locations(frame)
    names: dict[str, Any] = {**code.names, "unknowable": UNKNOWABLE, "exact": exact, "refuse": _refuse, "known": _known}
    exec(compile(frame, "<condition>", "exec"), names)  # noqa: S102  (the tree was built here, node by node)
    predicate: Predicate = names["holds"]
    return predicate


def _put(frame: ast.Module, expression: ast.expr) -> None:
    """Puts the expression where `condition` stands in the frame."""
    for node in ast.walk(frame):
        if isinstance(node, ast.IfExp):
            node.test = expression
            return


def _refuse() -> None:
    raise MissingReading


def _known(value: object) -> object:
    if value is MISSING:
        raise MissingReading
    return value


class _Code:
    """The Python expression of one tree, and the names that it needs."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {}
        self._counter = 0

    def expression(self, node: Checked) -> ast.expr:
        """The expression for this node; raises one of `UNKNOWABLE` when it is run, or gives what `evaluate` gives."""
        match node:
            case Constant(value=value):
                return ast.Constant(value)
            case Reading(spec=spec):
                reading = _reading(spec)
                return self._finite(reading) if spec.type in _FLOATS else reading
            case Negative(operand=operand):
                return ast.UnaryOp(ast.USub(), self.expression(operand))
            case Calculation(operator=sign, left=left, right=right):
                calculation = ast.BinOp(self.expression(left), _OPERATORS[sign](), self.expression(right))
                # The quotient of integers is finite or raises.
                return self._finite(calculation) if _may_be_float(left) or _may_be_float(right) else calculation
            case Comparison(operator=sign, left=left, right=right):
                return ast.Compare(self.expression(left), [_COMPARATORS[sign]()], [self.expression(right)])
            case OneOf(item=item, options=options):
                return ast.Compare(self.expression(item), [ast.In()], [self._constant(frozenset(options))])
            case Contains(container=container, item=item):
                sought = self.expression(item)
                # Python would not look at what it seeks in an empty list, so a missing reading would not be found out.
                known = sought if isinstance(item, Constant) else ast.Call(_load("known"), [sought], [])
                return ast.Compare(known, [ast.In()], [self.expression(container)])
            case Resembles(item=item, pattern=pattern):
                return self._resembles(item, pattern)
            case Inverse(operand=operand):
                return ast.UnaryOp(ast.Not(), self.expression(operand))
            case Every(operands=operands):
                return ast.BoolOp(ast.And(), [self.expression(operand) for operand in operands])
            case Some(operands=operands):
                return ast.BoolOp(ast.Or(), [self.expression(operand) for operand in operands])
            case _:
                assert_never(node)

    def _constant(self, value: object) -> ast.expr:
        """A value that has no literal in Python, under a name."""
        name = self._name("v")
        self.names[name] = value
        return _load(name)

    def _name(self, prefix: str) -> str:
        self._counter += 1
        return f"{prefix}{self._counter}"

    def _finite(self, number: ast.expr) -> ast.expr:
        """`n if -inf < (n := number) < inf else refuse()`."""
        name = self._name("n")
        bound = ast.NamedExpr(ast.Name(name, ast.Store()), number)
        test = ast.Compare(ast.Constant(float("-inf")), [ast.Lt(), ast.Lt()], [bound, ast.Constant(float("inf"))])
        return ast.IfExp(test, _load(name), ast.Call(_load("refuse"), [], []))

    def _resembles(self, item: Checked, pattern: str) -> ast.expr:
        name = self._name("fits")
        fullmatch = compile_pattern(pattern).fullmatch

        def fits(value: Any) -> bool:
            # The engine of expressions raises TypeError for a missing reading.
            if value is MISSING:
                raise MissingReading
            return fullmatch(value) is not None

        self.names[name] = fits
        return ast.Call(_load(name), [self.expression(item)], [])


def _load(name: str) -> ast.expr:
    return ast.Name(name, ast.Load())


def _attribute(of: ast.expr, name: str) -> ast.expr:
    return ast.Attribute(of, name, ast.Load())


def _reading(spec: FieldSpec) -> ast.expr:
    slot = _attribute(_load("row"), spec.slot)
    match spec.clock:
        case None:
            return slot
        case Clock.ENGINE:
            return ast.BinOp(_load("now"), ast.Sub(), slot)
        case Clock.BEAT:
            return ast.BinOp(_attribute(_attribute(_load("row"), "home"), "confirmed_at"), ast.Sub(), slot)
        case _:
            assert_never(spec.clock)


def _may_be_float(node: Checked) -> bool:
    """Calculating with this value is calculating with floats."""
    match node:
        case Constant(value=value):
            return isinstance(value, float)
        case Reading(spec=spec):
            return spec.type in _FLOATS
        case Negative(operand=operand):
            return _may_be_float(operand)
        case Calculation(operator=sign, left=left, right=right):
            return sign == "/" or _may_be_float(left) or _may_be_float(right)
        case _:
            return False
