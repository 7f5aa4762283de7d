"""
Calls: syntax → checked tree. Which function is meant, `known`, `default`, and fields of other entities.

The counterpart of `functions.py`, which says what there is. The other half of the checker: histories and aggregates have modules of their own.
"""

from typing import Final

from watchdog.lang import checked, syntax
from watchdog.lang.aggregates import Aggregates
from watchdog.lang.checked import Checked, Elsewhere, Known
from watchdog.lang.complaint import nearest, quoted
from watchdog.lang.demands import Function
from watchdog.lang.functions import NAMES, Across
from watchdog.lang.histories import Histories
from watchdog.lang.inner import Inside
from watchdog.lang.printer import show
from watchdog.lang.vocabulary import article, fields_of
from watchdog.model.kinds import Kind, Type

_HISTORY: Final = frozenset(str(function) for function in Function)
_ACROSS: Final = frozenset(str(function) for function in Across)


class Calls(Histories, Aggregates):
    """Checks the calls of one text for the checker that inherits it."""

    def member(self, node: syntax.Member) -> Checked | None:
        """`queue("pull").size`."""
        call = node.of
        name = ".".join(node.names)
        if call.name not in tuple(Kind):
            if call.name in NAMES:
                self.complain("E224", node, f"{quoted(show(call))} is a value and has no fields")
            else:
                self._unknown(call)
            return None
        kind = Kind(call.name)
        if not self.allowed(node, "another entity can't be looked up"):
            return None
        if kind is Kind.JOB:
            self.complain(
                "E224", node, "a job can't be looked up: no id of one is known beforehand", hint="count(job where job.jid == …) > 0"
            )
            return None
        fields = fields_of(kind, self._vocabulary)
        if call.where is not None or len(call.arguments) != 1:
            self.complain("E218", call, f"{kind}(…) takes one id", hint=f'write {kind}("…").{next(iter(fields))}')
            return None
        entity = self.nested(Inside.LOOKUP).value(call.arguments[0])
        if name not in fields:
            near = nearest(name, fields)
            hint = f"did you mean '{near}'?" if near else f"fields of a {kind}: {', '.join(fields)}"
            self.complain("E203", node, f"a {kind} has no field {quoted(name)}", hint=hint)
            return None
        if fields[name].stands_for:
            hint = f"any({kind} where {kind}.id == {show(call.arguments[0])} and {fields[name].path})"
            self.complain("E224", node, f"{quoted(name)} stands for a condition, and can only be asked of the {kind} itself", hint=hint)
            return None
        if entity is None:
            return None
        if entity.type is not Type.STRING:
            message = f"an id is a string, and {quoted(show(call.arguments[0]))} is {article(entity.type)}"
            self.complain("E224", call.arguments[0], message, hint=f'write {kind}("…").{name}')
            return None
        return Elsewhere(node, kind, entity, fields[name])

    def call(self, node: syntax.Call) -> Checked | None:
        """A function of anything."""
        match node.name:
            case "held":
                return self.held(node)
            case "known":
                return self._known(node)
            case "default":
                return self._default(node)
            case name if name in _HISTORY and (len(node.arguments) > 1 or name not in _ACROSS):
                return self.past(node, Function(name))
            case name if name in _ACROSS:
                return self.overall(node, Across(name))
            case name if name in tuple(Kind):
                field = next(iter(fields_of(Kind(name), self._vocabulary)), "name")
                self.complain(
                    "E201", node, f"'{show(node)}' is an entity, not a value", hint=f"name one of its fields: {show(node)}.{field}"
                )
                return None
            case _:
                self._unknown(node)
                return None

    def _unknown(self, node: syntax.Call) -> None:
        meant = nearest(node.name, (*NAMES, *Kind))
        hint = f"did you mean {meant}(…)?" if meant else f"functions: {' '.join(NAMES)}"
        self._complaints.add("E206", node.offset, len(node.name), f"unknown function {quoted(node.name)}", hint=hint)

    def _known(self, node: syntax.Call) -> Checked | None:
        operand = self.value(node.arguments[0]) if self.takes(node, 1, "known(x)") else None
        return None if operand is None else Known(node, operand)

    def _default(self, node: syntax.Call) -> Checked | None:
        if not self.takes(node, 2, "default(x, value)"):
            return None
        operand, fallback = (self.value(argument) for argument in node.arguments)
        agreed = None if operand is None or fallback is None else self.agree(node, operand, fallback)
        return None if agreed is None else checked.Default(node, agreed[0].type, *agreed)
