"""
A rule as the engine runs it: checked, compiled, with every default filled in.

Rule files are read into this by `rulefile`; the engine never sees YAML, and a second way to write
rules would only have to build these.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, final

import msgspec

from watchdog.engine.moved import Slots
from watchdog.engine.routing.table import NO_ROUTING, Routing
from watchdog.engine.shortlist import Asked, Shortlist
from watchdog.errors import Span
from watchdog.lang.condition import Condition, Reference
from watchdog.lang.demands import Aggregate, Series
from watchdog.lang.gather import Demands
from watchdog.lang.given import Given
from watchdog.lang.template import Template
from watchdog.model.changes import BY_NAME as CHANGES
from watchdog.model.evidence import ALL
from watchdog.model.kinds import Kind
from watchdog.model.notices import Severity
from watchdog.model.parameters import Allowance
from watchdog.model.verdicts import Mode
from watchdog.model.weekly import Weekly


class Step(msgspec.Struct, frozen=True):
    """
    One item under `then:`.

    `target` finds the id of the process, job or unit to act on, from the row that the rule looks at; None for an action on jobs that it finds by what
    they have in common, and where what is meant is written out among the arguments. `arguments` are
    the other parameters of the action with defaults filled in, in the units of `Form`; `given` are the values for the arguments of a named command, by name.
    """

    action: str
    target: Reference | None
    arguments: dict[str, int | float | bool | str]
    span: Span
    given: dict[str, Given] = {}


class Verify(msgspec.Struct, frozen=True):
    """
    What must be true within so many milliseconds after the last step: the proof that it helped.

    Of its own entity it sees what was there when the alert fired, of everything else what is there now.
    """

    when: Condition
    within: int


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """
    A condition on one kind of entity, how long it must hold, and what follows.

    `condition` is `where` and `when` together; `hold` and `keep_firing` are milliseconds; `guards` has
    every setting of the guard table, by name. `or_else` is done where one of the `steps` failed; `verify` is looked at after the last
    step. `description`, `runbook`, `version` and `labels` are for people. `evidence` are names of `model.evidence`.

    A rule with `on` waits for that change (`model.changes`) in place of `when`, which is then the condition `true`: its alert
    fires at once, if `where` holds, and is over after `keep_firing`; `hold` counts for nothing.
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
    guards: dict[str, Any]
    notify: tuple[str, ...]
    summary: Template | None
    maturity: str
    span: Span
    description: str = ""
    runbook: str = ""
    version: str = ""
    labels: dict[str, str] = {}
    evidence: tuple[str, ...] = ALL
    verify: Verify | None = None
    or_else: tuple[Step, ...] = ()
    on: str | None = None


@final
class RuleSet:
    """
    All rules in force, in the order of their files, under the global mode.

    `digest` is that of the texts they were read from. `by_name` and `by_kind` are the same rules, found quickly, and `by_change` those that
    wait for a change. `by_hand` are the settings of the guards for what a person orders; `weekly` is when people are told what has come of their rules, None for never. `fleet` is how often all agents of this Redis may act
    together; None where there are no others to think of (tests of rules), and no lock is taken. `routing` is who is told, `page` the address under which people see the page of the agent, without a slash at its end; empty if there is none. `series` and `aggregates` are what their conditions ask of the world beyond a row. `alone` are those of a kind that ask for none of it and do not change with time, `bound` the slots on which the others rest; `meant` are those of a kind that the names of an entity do not exclude.
    """

    __slots__ = (
        "_in_doubt",
        "aggregates",
        "alone",
        "bound",
        "by_change",
        "by_hand",
        "by_kind",
        "by_name",
        "digest",
        "fleet",
        "meant",
        "mode",
        "page",
        "routing",
        "rules",
        "series",
        "weekly",
    )

    def __init__(
        self,
        rules: tuple[Rule, ...],
        digest: str,
        mode: Mode,
        by_hand: Mapping[str, Any] = MappingProxyType({}),
        weekly: Weekly | None = None,
        fleet: Allowance | None = None,
        *,
        page: str = "",
        routing: Routing = NO_ROUTING,
    ) -> None:
        self.rules: Final = rules
        self.digest: Final = digest
        self.mode: Final = mode
        self.by_hand: Final = by_hand
        self.weekly: Final = weekly
        self.fleet: Final = fleet
        self.page: Final = page
        self.routing: Final = routing
        self.by_name: Final[Mapping[str, Rule]] = {rule.name: rule for rule in rules}
        self.by_kind: Final[Mapping[Kind, tuple[Rule, ...]]] = {
            kind: tuple(rule for rule in rules if rule.each is kind and rule.on is None) for kind in Kind
        }
        self.alone: Final[Mapping[Kind, tuple[Rule, ...]]] = {
            kind: tuple(rule for rule in them if rule.condition.stands_alone) for kind, them in self.by_kind.items()
        }
        self.bound: Final[Slots] = {
            kind: frozenset().union(*(rule.condition.reads for rule in them if not rule.condition.stands_alone))
            for kind, them in self.by_kind.items()
        }
        self.meant: Final[Mapping[Kind, Shortlist[Rule]]] = {kind: Shortlist(them, _asked) for kind, them in self.by_kind.items()}
        self.by_change: Final[Mapping[str, tuple[Rule, ...]]] = {name: tuple(rule for rule in rules if rule.on == name) for name in CHANGES}
        self.series: Final[tuple[Series, ...]] = tuple(series for one in _asking(rules) for series in one.series)
        self.aggregates: Final[tuple[Aggregate, ...]] = tuple(each for one in _asking(rules) for each in one.aggregates)
        self._in_doubt: RuleSet | None = None

    @property
    def audience(self) -> tuple[str, ...]:
        """Every receiver that a rule or a route names, in their order: who hears of what concerns everybody."""
        return tuple(dict.fromkeys((*(receiver for rule in self.rules for receiver in rule.notify), *self.routing.audience)))

    def but(self, **changes: Any) -> "RuleSet":
        """The same, with other fields in place of those."""
        fields = {
            name: changes.get(name, getattr(self, name))
            for name in ("rules", "digest", "mode", "by_hand", "weekly", "fleet", "routing", "page")
        }
        return RuleSet(**fields)

    def in_doubt(self) -> "RuleSet":
        """The same rules in dry-run at most; made once, since each turn asks."""
        if self.mode.rank <= Mode.DRY_RUN.rank:
            return self
        if self._in_doubt is None:
            self._in_doubt = self.but(mode=Mode.DRY_RUN)
        return self._in_doubt


def _asked(rule: Rule) -> Asked[Rule]:
    return Asked.by(rule, rule.condition.sieve(), rule.condition.deadline)


def _asking(rules: tuple[Rule, ...]) -> Iterator[Condition | Demands]:
    """Everything in the rules that can ask for more than a row."""
    for rule in rules:
        yield rule.condition
        if rule.summary is not None:
            yield rule.summary.demands
        if rule.verify is not None:
            yield rule.verify.when


NO_RULES: Final = RuleSet((), "", Mode.OBSERVE)
"""What is in force before anything has been loaded."""
