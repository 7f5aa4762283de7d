"""
A rule as the engine runs it: checked, compiled, with every default filled in.

Rule files are read into this by `rulefile`; the engine never sees YAML, and a second way to write
rules would only have to build these.
"""

from collections.abc import Mapping
from typing import Final, final

import msgspec

from watchdog.errors import Span
from watchdog.lang.condition import Condition, Reference
from watchdog.lang.template import Template
from watchdog.model.kinds import Kind
from watchdog.model.notices import Severity
from watchdog.model.verdicts import Mode


class Step(msgspec.Struct, frozen=True):
    """
    One item under `then:`.

    `target` finds the id of the process to act on, from the row that the rule looks at; `arguments` are
    the other parameters of the action with defaults filled in, in the units of `Form`.
    """

    action: str
    target: Reference
    arguments: dict[str, int | float | bool | str]
    span: Span


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """
    A condition on one kind of entity, how long it must hold, and what follows.

    `condition` is `where` and `when` together; `hold` and `keep_firing` are milliseconds; `guards` has
    every setting of the guard table, by name.
    """

    name: str
    each: Kind
    where: Condition | None
    when: Condition
    condition: Condition
    hold: int
    keep_firing: int
    severity: Severity
    mode: Mode
    steps: tuple[Step, ...]
    guards: dict[str, int | float | bool | str]
    notify: tuple[str, ...]
    summary: Template | None
    maturity: str
    span: Span


@final
class RuleSet:
    """
    All rules in force, in the order of their files, under the global mode.

    `digest` is that of the texts they were read from. `by_name` and `by_kind` are the same rules, found quickly.
    """

    __slots__ = ("by_kind", "by_name", "digest", "mode", "rules")

    def __init__(self, rules: tuple[Rule, ...], digest: str, mode: Mode) -> None:
        self.rules: Final = rules
        self.digest: Final = digest
        self.mode: Final = mode
        self.by_name: Final[Mapping[str, Rule]] = {rule.name: rule for rule in rules}
        self.by_kind: Final[Mapping[Kind, tuple[Rule, ...]]] = {kind: tuple(rule for rule in rules if rule.each is kind) for kind in Kind}


NO_RULES: Final = RuleSet((), "", Mode.OBSERVE)
"""What is in force before anything has been loaded."""
