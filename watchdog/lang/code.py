"""
The Python expression of a checked tree.

The counterpart of `compile.py`, which puts it into functions and runs it. What occurs more than once in a tree is calculated where it is
met first and kept in a local name, as far as it is certain that the first place has been passed: behind `and` and `or` it
is only for what follows in the same chain.
"""

import ast
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, assert_never

from watchdog.lang.checked import (
    Calculation,
    Checked,
    Comparison,
    Constant,
    Contains,
    Default,
    Elsewhere,
    Every,
    Held,
    Inverse,
    Known,
    Negative,
    OneOf,
    Overall,
    Past,
    Reading,
    Resembles,
    Some,
    parts,
)  # fmt: skip
from watchdog.lang.functions import Across
from watchdog.lang.glob import compile_pattern
from watchdog.model.fields import Clock, FieldSpec
from watchdog.model.kinds import Type

_OPERATORS: Final[dict[str, type[ast.operator]]] = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult, "/": ast.Div}
_COMPARATORS: Final[dict[str, type[ast.cmpop]]] = {"==": ast.Eq, "!=": ast.NotEq, "<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE}
_MOST_TEXTS: Final = 256
_FLOATS: Final = frozenset({Type.RATIO, Type.RATE, Type.CORES})

_Shape = tuple[Any, ...]
"""What a node says, without its place: equal shapes, equal values."""


class Code:
    """Makes the expression of one tree, and collects the names that it needs."""

    def __init__(self, tree: Checked, compile_value: Callable[[Checked], Any]) -> None:
        self.names: dict[str, Any] = {}
        self._compile_value = compile_value
        self._counter = 0
        self._shapes: dict[int, _Shape] = {}
        self._times: Counter[_Shape] = Counter()
        self._count(tree)
        self._kept: dict[_Shape, str] = {}

    def expression(self, node: Checked) -> ast.expr:
        """The expression for this node; raises one of `UNKNOWABLE` when it is run, or gives what `evaluate` gives."""
        if not _is_worth_keeping(node):
            return self._fresh(node)
        shape = self._shape(node)
        if (name := self._kept.get(shape)) is not None:
            return _load(name)
        fresh = self._fresh(node)
        if self._times[shape] < 2:
            return fresh
        name = self._kept[shape] = self._name("k")
        return ast.NamedExpr(ast.Name(name, ast.Store()), fresh)

    def _fresh(self, node: Checked) -> ast.expr:
        match node:
            case Constant(value=value):
                return ast.Constant(value)
            case Reading(spec=spec):
                reading = _reading(spec, _load("row"))
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
                return ast.Call(self._constant(_fitting(pattern)), [self.expression(item)], [])
            case Inverse(operand=operand):
                return ast.UnaryOp(ast.Not(), self.expression(operand))
            case Every(operands=operands):
                return ast.BoolOp(ast.And(), self._chain(operands))
            case Some(operands=operands):
                return ast.BoolOp(ast.Or(), self._chain(operands))
            case Known(operand=operand):
                return ast.Compare(self._or_missing(operand), [ast.IsNot()], [_load("missing")])
            case Default(operand=operand, fallback=fallback):
                bound, name = self._bound(self._or_missing(operand))
                return ast.IfExp(ast.Compare(bound, [ast.IsNot()], [_load("missing")]), _load(name), self._aside(fallback))
            case _:
                return self._asked(node)

    def _asked(self, node: Past | Held | Elsewhere | Overall) -> ast.expr:
        """What the engine keeps."""
        match node:
            case Past(function=function, key=key, window=window):
                answer = self._ask("over", ast.Constant(key), _own("id"), self._constant(function), ast.Constant(window), _load("now"))
                return self._finite(answer)
            case Held(key=key, window=window):
                return self._some(self._ask("held", ast.Constant(key), _own("id"), ast.Constant(window), _load("now")))
            case Elsewhere(kind=kind, entity=entity, spec=spec):
                sought = ast.Call(_load("known"), [self.expression(entity)], [])
                reading = _reading(spec, self._some(self._ask("find", self._constant(kind), sought)))
                return self._finite(reading) if spec.type in _FLOATS else reading
            case Overall(function=function, population=population, group=group):
                name: ast.expr = ast.Constant("")
                if group is not None:
                    name = _own("id") if group.slot == "id" else ast.Call(_load("known"), [_own(group.slot)], [])
                bound, tally = self._bound(self._ask("tally", ast.Constant(population.key), name))
                return self._overall(function, bound, tally)
            case _:
                assert_never(node)

    def _overall(self, function: Across, bound: ast.expr, name: str) -> ast.expr:
        """What a tally says, if it is exact; `bound` gives it its name."""

        def of(slot: str) -> ast.expr:
            return _attribute(_load(name), slot)

        def unless(slot: str, *others: str) -> ast.expr:
            """The test that is false if any of these counts; it is the first to see the tally."""
            tests = [_attribute(bound, slot), *(of(other) for other in others)]
            return ast.UnaryOp(ast.Not(), tests[0] if len(tests) == 1 else ast.BoolOp(ast.Or(), tests))

        match function:
            case Across.COUNT:
                return ast.IfExp(unless("unknown"), of("true"), _refusal())
            case Across.SHARE:
                return ast.IfExp(unless("unknown"), ast.BinOp(of("true"), ast.Div(), of("all")), _refusal())
            case Across.ANY:
                return ast.IfExp(unless("unknown"), ast.Compare(of("true"), [ast.Gt()], [ast.Constant(0)]), _refusal())
            case Across.ALL:
                return ast.IfExp(unless("unknown"), ast.Compare(of("true"), [ast.Eq()], [of("all")]), _refusal())
            case Across.SUM:
                return self._finite(ast.IfExp(unless("unknown", "blurred"), of("total"), _refusal()))
            case Across.AVG:
                return self._finite(ast.IfExp(unless("unknown", "blurred"), ast.BinOp(of("total"), ast.Div(), of("true")), _refusal()))
            case Across.MIN | Across.MAX:
                value = self._some(of("low" if function is Across.MIN else "high"))
                return self._finite(ast.IfExp(unless("unknown", "blurred"), value, _refusal()))
            case _:
                assert_never(function)

    def _chain(self, operands: tuple[Checked, ...]) -> list[ast.expr]:
        """Operands of which each is reached only if those before it were: past the chain, only the first is certain to have been."""
        made = [self.expression(operands[0])]
        certain = dict(self._kept)
        for operand in operands[1:]:
            made.append(self.expression(operand))  # noqa: PERF401  (a comprehension would be one more frame for each level of the tree)
        self._kept = certain
        return made

    def _aside(self, node: Checked) -> ast.expr:
        """What is calculated only sometimes."""
        certain = dict(self._kept)
        made = self.expression(node)
        self._kept = certain
        return made

    def _or_missing(self, node: Checked) -> ast.expr:
        """The value, or MISSING in place of raising."""
        match node:
            case Reading(spec=spec) if spec.clock is None and spec.type not in _FLOATS:
                return _own(spec.slot)
            case _:
                return ast.Call(self._constant(self._compile_value(node)), [_load("row"), _load("now"), _load("scope")], [])

    def _ask(self, question: str, *arguments: ast.expr) -> ast.expr:
        return ast.Call(_attribute(_load("scope"), question), list(arguments), [])

    def _constant(self, value: object) -> ast.expr:
        """A value that has no literal in Python, under a name."""
        name = self._name("v")
        self.names[name] = value
        return _load(name)

    def _name(self, prefix: str) -> str:
        self._counter += 1
        return f"{prefix}{self._counter}"

    def _bound(self, expression: ast.expr) -> tuple[ast.expr, str]:
        name = self._name("n")
        return ast.NamedExpr(ast.Name(name, ast.Store()), expression), name

    def _finite(self, number: ast.expr) -> ast.expr:
        """`n if -inf < (n := number) < inf else refuse()`."""
        bound, name = self._bound(number)
        test = ast.Compare(ast.Constant(float("-inf")), [ast.Lt(), ast.Lt()], [bound, ast.Constant(float("inf"))])
        return ast.IfExp(test, _load(name), _refusal())

    def _some(self, value: ast.expr) -> ast.expr:
        """`n if (n := value) is not None else refuse()`."""
        bound, name = self._bound(value)
        return ast.IfExp(ast.Compare(bound, [ast.IsNot()], [ast.Constant(None)]), _load(name), _refusal())

    def _count(self, node: Checked) -> None:
        """How often each part occurs; the parts of what is calculated once occur once."""
        shape = self._shape(node)
        self._times[shape] += 1
        if self._times[shape] == 1:
            for part in parts(node):
                # What is asked for being known is compiled by itself.
                if not isinstance(node, Known) and not (isinstance(node, Default) and part is node.operand):
                    self._count(part)

    def _shape(self, node: Checked) -> _Shape:
        found = self._shapes.get(id(node))
        if found is None:
            said = tuple(getattr(node, name) for name in node.__struct_fields__ if name not in _NO_SHAPE)
            found = self._shapes[id(node)] = (type(node), *map(_said, said), *map(self._shape, parts(node)))
        return found


_NO_SHAPE: Final = frozenset({"syntax", "operand", "operands", "left", "right", "item", "container", "entity", "fallback"})


def _said(value: Any) -> Any:
    """Something of a node that can be compared: True is not 1 here, and a population is its key."""
    return (type(value), value) if isinstance(value, (bool, int, float)) else getattr(value, "key", value)


def _is_worth_keeping(node: Checked) -> bool:
    """Whether to look it up in a local name is cheaper than to calculate it again."""
    match node:
        case Constant():
            return False
        case Reading(spec=spec):
            return spec.clock is not None or spec.type in _FLOATS
        case _:
            return True


def _fitting(pattern: str) -> Callable[[Any], bool]:
    return _Fitting(pattern).__getitem__


class _Fitting(dict[str, bool]):
    """Whether texts resemble a pattern: classes, queues and hosts are few, and each is asked for with every beat."""

    def __init__(self, pattern: str) -> None:
        super().__init__()
        self._fullmatch = compile_pattern(pattern).fullmatch

    def __missing__(self, value: str) -> bool:
        # A missing reading has no hash, and says so as it does everywhere.
        if len(self) >= _MOST_TEXTS:
            self.clear()
        fits = self[value] = self._fullmatch(value) is not None
        return fits


def _load(name: str) -> ast.expr:
    return ast.Name(name, ast.Load())


def _attribute(of: ast.expr, name: str) -> ast.expr:
    return ast.Attribute(of, name, ast.Load())


def _own(slot: str) -> ast.expr:
    return _attribute(_load("row"), slot)


def _refusal() -> ast.expr:
    return ast.Call(_load("refuse"), [], [])


def _reading(spec: FieldSpec, row: ast.expr) -> ast.expr:
    slot = _attribute(row, spec.slot)
    match spec.clock:
        case None:
            return slot
        case Clock.ENGINE:
            return ast.BinOp(_load("now"), ast.Sub(), slot)
        case Clock.BEAT:
            return ast.BinOp(_attribute(_own("home"), "confirmed_at"), ast.Sub(), slot)
        case _:
            assert_never(spec.clock)


def _may_be_float(node: Checked) -> bool:
    """Calculating with this value is calculating with floats."""
    match node:
        case Constant(value=value):
            return isinstance(value, float)
        case Reading(spec=spec) | Elsewhere(spec=spec):
            return spec.type in _FLOATS
        case Negative(operand=operand):
            return _may_be_float(operand)
        case Calculation(operator=sign, left=left, right=right):
            return sign == "/" or _may_be_float(left) or _may_be_float(right)
        case Default(operand=operand, fallback=fallback):
            return _may_be_float(operand) or _may_be_float(fallback)
        case Past() | Overall():
            return True
        case _:
            return False
