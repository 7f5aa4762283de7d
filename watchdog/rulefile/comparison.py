"""What a test expects of a moment beside what there is: the difference, in words that its author can act on."""

from collections.abc import Callable, Collection, Iterable

import msgspec

from watchdog.engine.ledger import Alert, Phase
from watchdog.engine.rules import RuleSet
from watchdog.errors import Span
from watchdog.lang.units import DURATIONS
from watchdog.rulefile.testfile import Expectation, ExpectedAlert, ExpectedDecision, ExpectedIncident

Because = Callable[[str, str], tuple[str, ...]]


class Decided(msgspec.Struct, frozen=True):
    """What a rule was told last about a process."""

    rule: str
    decision: str
    guard: str
    process: str
    reason: str


class Stands(msgspec.Struct, frozen=True):
    """An incident, and how it stands; `account` is what was done last."""

    rule: str
    outcome: str
    account: str


class Failure(msgspec.Struct, frozen=True):
    """
    One thing that is not as expected.

    `span` is the place of the expectation, `at` the moment in milliseconds, `expected` and `found` are one line each, empty where there is nothing;
    `because` says of an alert line by line what the parts of its rule's condition are at that moment.
    """

    span: Span
    at: int
    expected: str
    found: str
    because: tuple[str, ...] = ()

    def __str__(self) -> str:
        what = f"expected {self.expected}" if self.expected else "nothing expected"
        return f"{self.span}: after {clock(self.at)}: {what}, found {self.found or 'nothing'}"


def clock(milliseconds: int) -> str:
    """A time as its author would write it: `10m40s`."""
    pieces = []
    rest = milliseconds
    for unit, factor in reversed(DURATIONS.items()):
        amount, rest = divmod(rest, factor)
        pieces += [f"{amount}{unit}"] if amount else []
    return "".join(pieces) or "0s"


def compare(
    expectation: Expectation,
    alerts: Collection[Alert],
    decided: Collection[Decided],
    incidents: Collection[Stands],
    *,
    rules: RuleSet,
    at: int,
    because: Because,
) -> tuple[Failure, ...]:
    """Everything that differs. `at` is the engine time, for how long pending alerts still need; `because` explains a rule on an entity."""
    failures: list[Failure] = []
    if expectation.alerts is not None:
        for failure, rule, entity in _alerts(expectation, expectation.alerts, alerts, rules, at):
            failures.append(msgspec.structs.replace(failure, because=because(rule, entity)))
    if expectation.decisions is not None:
        failures += _decisions(expectation, expectation.decisions, decided)
    if expectation.incidents is not None:
        failures += _incidents(expectation, expectation.incidents, incidents)
    return tuple(failures)


def _alerts(
    expectation: Expectation, expected: Iterable[ExpectedAlert], alerts: Iterable[Alert], rules: RuleSet, at: int
) -> Iterable[tuple[Failure, str, str]]:
    there = {(alert.rule, alert.entity): alert for alert in alerts}
    named = set()
    for one in expected:
        named.add((one.rule, one.entity))
        alert = there.get((one.rule, one.entity))
        state = alert.phase.value if alert is not None else "inactive"
        if state != one.state:
            wanted = f"{one.rule} {one.state} on {one.entity}"
            yield Failure(one.span, expectation.at, wanted, _shown(alert, rules, at) or f"{one.rule} inactive"), one.rule, one.entity
    for key, alert in there.items():
        if key not in named and alert.phase is Phase.FIRING:
            yield Failure(expectation.span, expectation.at, "", _shown(alert, rules, at)), *key


def _shown(alert: Alert | None, rules: RuleSet, at: int) -> str:
    if alert is None:
        return ""
    shown = f"{alert.rule} {alert.phase} on {alert.entity}"
    if alert.phase is Phase.PENDING and alert.rule in rules.by_name:
        so_far = alert.counted + (at - alert.counted_at if alert.counting else 0)
        left = rules.by_name[alert.rule].hold - so_far
        shown += f" ({'' if alert.counting else 'held, since it is not known whether it is still true; '}{clock(max(0, left))} to go)"
    return shown


def _decisions(expectation: Expectation, expected: Iterable[ExpectedDecision], decided: Iterable[Decided]) -> Iterable[Failure]:
    """Each decision is taken by one expectation that fits; those with a process choose first."""
    left = list(decided)
    for one in sorted(expected, key=lambda one: one.process is None):
        fitting = next((found for found in left if _fits(one, found)), None)
        if fitting is not None:
            left.remove(fitting)
            continue
        alike = [found for found in left if found.rule == one.rule and one.process in (None, found.process)]
        if alike:
            left.remove(alike[0])
        yield Failure(one.span, expectation.at, _wanted(one), _told(alike[0]) if alike else "")
    for found in left:
        yield Failure(expectation.span, expectation.at, "", _told(found))


def _incidents(expectation: Expectation, expected: Iterable[ExpectedIncident], incidents: Iterable[Stands]) -> Iterable[Failure]:
    """Each incident is taken by one expectation."""
    left = list(incidents)
    for one in expected:
        alike = [found for found in left if found.rule == one.rule]
        fitting = next((found for found in alike if found.outcome == one.outcome), None)
        taken = fitting or (alike[0] if alike else None)
        if taken is not None:
            left.remove(taken)
        if fitting is None:
            yield Failure(one.span, expectation.at, f"{one.rule} {one.outcome}", "" if taken is None else _stood(taken))
    for found in left:
        yield Failure(expectation.span, expectation.at, "", _stood(found))


def _stood(found: Stands) -> str:
    return f"{found.rule} {found.outcome}" + (f" ({found.account})" if found.account else "")


def _fits(one: ExpectedDecision, found: Decided) -> bool:
    return (
        one.rule == found.rule
        and one.decision == found.decision
        and one.guard in (None, found.guard)
        and one.process in (None, found.process)
    )


def _wanted(one: ExpectedDecision) -> str:
    guard = f" by {one.guard}" if one.guard else ""
    process = f" on {one.process}" if one.process else ""
    return f"{one.rule} {one.decision}{guard}{process}"


def _told(found: Decided) -> str:
    guard = f" by {found.guard} ({found.reason})" if found.guard else ""
    return f"{found.rule} {found.decision}{guard} on {found.process}"
