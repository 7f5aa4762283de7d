"""
Single values as settings and parameters hold them: `grace: 10s`, `keep: 50%`.

The same words, units and problems as in conditions, because the same lexer and parser read them. `show_literal` is the counterpart:
what it shows reads back as the same value.
"""

from typing import assert_never

from watchdog.errors import Problem
from watchdog.lang import syntax
from watchdog.lang.arithmetic import EXAMPLES, NUMBERS, RESULTS, with_unit
from watchdog.lang.checked import Value
from watchdog.lang.complaint import Complaints, nearest, quoted
from watchdog.lang.parser import parse
from watchdog.lang.printer import show
from watchdog.lang.text import Text
from watchdog.lang.units import DURATIONS, show_quantity
from watchdog.lang.vocabulary import article
from watchdog.model.kinds import Type

_WORDS = {"yes": "true", "on": "true", "no": "false", "off": "false", "True": "true", "False": "false"}


def read_literal(text: Text, type: Type) -> tuple[Value | None, tuple[Problem, ...]]:  # noqa: A002  (the word of the vocabulary)
    """
    The value that the text is, held as `Type` says, and all problems with it.

    A number needs its unit, except 0. A rate can also be written as a count per time: `3/1h`. A string
    is the text itself, without quotes. The value is None exactly if there is a problem. Never raises, whatever the text.
    """
    if type is Type.STRING:
        return text.value, ()
    complaints = Complaints(text)
    node = parse(complaints)
    if node is None or complaints.any:
        return None, complaints.found
    value = _value(node, type)
    if value is None:
        message = f"{quoted(show(node))} is not {article(type)}"
        complaints.add("E217", node.offset, node.width, message, hint=_hint(node, type))
    return value, complaints.found


def _value(node: syntax.Node, type_: Type) -> Value | None:
    match node:
        case syntax.Value(value=bool() as truth):
            return truth if type_ is Type.BOOL else None
        case syntax.Value(value=int() | float() as number, type=found):
            return _number(number, found, type_)
        case syntax.Listing(items=items) if type_ is Type.STRINGS:
            strings = tuple(item.value for item in items if isinstance(item, syntax.Value) and isinstance(item.value, str))
            return strings if len(strings) == len(items) else None
        case syntax.Binary(
            operator="/", left=syntax.Value(value=int() as count, type=left), right=syntax.Value(value=int() as window, type=right)
        ):
            if type_ is Type.RATE and RESULTS.get(("/", left, right)) is Type.RATE and window:
                return count * DURATIONS["s"] / window
            return None
        case _:
            return None


def _number(number: float, found: Type, wanted: Type) -> Value | None:
    plain = found is Type.COUNT
    if wanted not in NUMBERS or not (found is wanted or (plain and number == 0) or (plain and wanted is Type.CORES)):
        return None
    if wanted in (Type.RATIO, Type.RATE, Type.CORES):
        return float(number)
    return number if isinstance(number, int) else None


def _hint(node: syntax.Node, type_: Type) -> str:
    match node:
        case syntax.Value(value=bool()):
            pass
        case syntax.Value(value=int() | float() as number, type=Type.COUNT) if type_ in NUMBERS and type_ is not Type.COUNT:
            return f"a number needs a unit here: {with_unit(number, type_)}"
        case syntax.Path(names=(word,)) if type_ is Type.BOOL:
            meant = _WORDS.get(word) or nearest(word, ("true", "false"))
            return f"write {meant}" if meant else "write true or false"
        case _:
            pass
    return "write true or false" if type_ is Type.BOOL else f"write it like {EXAMPLES[type_]}"


def show_literal(value: Value, type: Type) -> str:  # noqa: A002  (the word of the vocabulary)
    """
    The canonical way to write a value of this type.

    `read_literal` reads it back as the same value.
    """
    match type:
        case Type.BOOL:
            return "true" if value else "false"
        case Type.STRING:
            return str(value)
        case Type.STRINGS:
            strings = value if isinstance(value, tuple) else ()
            return show(syntax.Listing(0, 0, tuple(syntax.Value(0, 0, string, Type.STRING) for string in strings)))
        case Type.DURATION | Type.SIZE | Type.RATIO | Type.RATE | Type.COUNT | Type.CORES:
            if isinstance(value, (str, tuple)):
                raise TypeError(f"{article(type)} is a number")
            return show_quantity(value, type)
        case _:
            assert_never(type)
