"""
Calls that look back: syntax → checked tree.

A history is kept of numbers and truths that readings make, for each entity from its own fields. What grows by itself has none that
says anything, and a job is over before there is one; only `held` looks back at both.
"""

from typing import Final

from watchdog.lang import checked, syntax
from watchdog.lang.arithmetic import NUMBERS
from watchdog.lang.checked import Checked, Constant, Held, Past
from watchdog.lang.complaint import quoted
from watchdog.lang.demands import Function
from watchdog.lang.inner import Inner, Inside
from watchdog.lang.printer import show
from watchdog.lang.units import DURATIONS
from watchdog.lang.vocabulary import article
from watchdog.model.kinds import Kind, Type

SHORTEST_WINDOW: Final = DURATIONS["s"]
"""Nothing is read more often than once a second, and a window needs at least two buckets."""
LONGEST_WINDOW: Final = 30 * DURATIONS["d"]
"""Further back nothing is kept."""
_SLOPES: Final = {Type.COUNT: Type.RATE, Type.SIZE: Type.RATE, Type.DURATION: Type.RATIO}
_RATES: Final = {Type.COUNT: Type.RATE, Type.SIZE: Type.RATE}


class Histories(Inner):
    """Checks `held` and the functions of `Function`."""

    def held(self, node: syntax.Call) -> Checked | None:
        """`held(condition, 10m)`."""
        if not self.takes(node, 2, "held(condition, 10m)") or not self._allowed_history(node):
            return None
        window = self._window(node.arguments[1])
        operand = self.nested(Inside.HISTORY).statement(node.arguments[0], "held")
        if window is None or operand is None or not self._reads(node, operand):
            return None
        return Held(node, self._kind, self._series(node.arguments[0]), operand, window)

    def past(self, node: syntax.Call, function: Function) -> Checked | None:
        """`avg(x, 5m)` and its kin."""
        if not self.takes(node, 2, f"{function}(x, 5m)") or not self._allowed_history(node):
            return None
        if self._kind is Kind.JOB:
            message = "a job has no history: it is over before there is one"
            self.complain("E220", node, message, hint="only held(condition, 10m) looks back at a job")
            return None
        window = self._window(node.arguments[1])
        x = node.arguments[0]
        operand = self.nested(Inside.HISTORY).value(x)
        if window is None or operand is None or not self._reads(node, operand):
            return None
        if (growing := next((spec for spec in checked.readings(operand) if spec.clock), None)) is not None:
            message = f"{quoted(growing.path)} grows by itself: its history says nothing"
            self.complain("E221", x, message, hint=f"ask how long something has been so: held({growing.path} > 30s, 10m)")
            return None
        type_ = _of_history(function, operand.type)
        if type_ is None:
            self.complain("E221", x, f"there is no {function} of {article(operand.type)}", hint=_HISTORY_HINTS.get(function, ""))
            return None
        return Past(node, type_, function, self._kind, self._series(x), operand, window)

    def _allowed_history(self, node: syntax.Call) -> bool:
        if self._inside in (Inside.NOTHING, Inside.AGGREGATE):
            return True
        return self.allowed(node, f"{node.name} can't stand")

    def _series(self, x: syntax.Node) -> str:
        return f"{self._kind}: {show(x)}"

    def _reads(self, node: syntax.Call, operand: Checked) -> bool:
        if next(checked.readings(operand), None) is not None:
            return True
        self.complain(
            "E221", node.arguments[0], f"{quoted(show(node.arguments[0]))} never changes", hint=f"name a field of the {self._kind}"
        )
        return False

    def _window(self, node: syntax.Node) -> int | None:
        found = self.value(node)
        match found:
            case None:
                return None
            case Constant(type=Type.DURATION, value=int() as window):
                pass
            case _:
                hint = f"write {found.value}s" if isinstance(found, Constant) and found.type is Type.COUNT else "write it like 5m"
                self.complain("E219", node, "a window is a duration, written out", hint=hint)
                return None
        if SHORTEST_WINDOW <= window <= LONGEST_WINDOW:
            return window
        how = ("short", "at least 1s: nothing is read more often") if window < SHORTEST_WINDOW else ("long", "at most 30d")
        self.complain("E219", node, f"the window is too {how[0]}", hint=how[1])
        return None


def _of_history(function: Function, type_: Type) -> Type | None:
    match function:
        case Function.CHANGES:
            return Type.COUNT if type_ in NUMBERS or type_ is Type.BOOL else None
        case Function.SLOPE:
            return _SLOPES.get(type_)
        case Function.RATE:
            return _RATES.get(type_)
        case _:
            return type_ if type_ in NUMBERS else None


_HISTORY_HINTS: Final = {
    Function.SLOPE: "counts, sizes and durations have one",
    Function.RATE: "counts and sizes have one; slope(x, 5m) is of durations too",
    Function.CHANGES: "numbers and truths have them: changes(process.quiet, 1h)",
}
