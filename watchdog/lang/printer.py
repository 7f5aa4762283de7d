"""
The canonical text of a tree: one space around operators, parentheses only where they are needed, strings in double quotes.

The counterpart of the parser: what is printed parses to the same tree. Canonical texts name conditions and their series,
so a change here renames them.
"""

from typing import Final, assert_never

from watchdog.lang.syntax import (
    AND,
    COMPARE,
    NOT,
    OR,
    PRODUCT,
    SIGN,
    SUM,
    And,
    Binary,
    Broken,
    Call,
    Compare,
    Listing,
    Member,
    Minus,
    Named,
    Node,
    Not,
    Or,
    Path,
    Value,
)
from watchdog.lang.units import show_quantity
from watchdog.model.kinds import Type

_ATOM: Final = SIGN + 1


def show(node: Node) -> str:
    """The text of this tree."""
    match node:
        case Value(value=value, type=type_):
            return _literal(value, type_)
        case Listing(items=items):
            return f"[{', '.join(show(item) for item in items)}]"
        case Path(names=names):
            return ".".join(names)
        case Call(name=name, arguments=arguments, where=where):
            inside = ", ".join(show(argument) for argument in arguments)
            return f"{name}({inside})" if where is None else f"{name}({inside} where {show(where)})"
        case Member(of=of, names=names):
            return ".".join((show(of), *names))
        case Named(meaning=meaning):
            return show(meaning)
        case Broken():
            return "…"
        case Minus(operand=operand):
            return f"-{_within(operand, SIGN)}"
        case Binary(operator=operator, left=left, right=right):
            power = _power(node)
            return f"{_within(left, power)} {operator} {_within(right, power + 1)}"
        case Compare(operator=operator, left=left, right=right):
            return f"{_within(left, COMPARE + 1)} {operator} {_within(right, COMPARE + 1)}"
        case Not(operand=operand):
            return f"not {_within(operand, NOT)}"
        case And(operands=operands):
            return " and ".join(_within(operand, AND + 1) for operand in operands)
        case Or(operands=operands):
            return " or ".join(_within(operand, OR + 1) for operand in operands)
        case _:
            assert_never(node)


def _literal(value: bool | float | str, type_: Type) -> str:  # noqa: FBT001  (it is the literal itself)
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case int() | float():
            return show_quantity(value, type_)
        case _:
            assert_never(value)


def _within(node: Node, power: int) -> str:
    """The text of an operand of something that binds with `power`."""
    return show(node) if _power(node) >= power else f"({show(node)})"


def _power(node: Node) -> int:
    match node:
        case Or():
            return OR
        case And():
            return AND
        case Not():
            return NOT
        case Compare():
            return COMPARE
        case Binary(operator="+" | "-"):
            return SUM
        case Binary():
            return PRODUCT
        case Minus():
            return SIGN
        case Named(meaning=meaning):
            return _power(meaning)
        case Value() | Listing() | Path() | Call() | Member() | Broken():
            return _ATOM
        case _:
            assert_never(node)
