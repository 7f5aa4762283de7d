"""What an alert is chosen by: read off the alert, its rule, and the row that it is about."""

from collections.abc import Mapping
from typing import Any, Final

from watchdog.engine.ledger import Alert
from watchdog.engine.reaching import name_of
from watchdog.engine.routing.table import Traits
from watchdog.engine.rules import Rule
from watchdog.engine.withholding import names_of
from watchdog.engine.world import World
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.routing import LABEL

_NONE: Final[dict[str, str]] = {}


def traits_of(world: World, rules: Mapping[str, Rule], alert: Alert) -> Traits:
    """As it fires: by what was seen then, so that it stays the same as long as it does."""
    row = world.find(alert.kind, alert.entity)
    process = process_of(world, row)
    target = alert.target or (name_of(process) if process is not None else alert.entity)
    rule = rules.get(alert.rule)
    return Traits(
        alert.rule, alert.severity, alert.kind, alert.entity, target, names=names(world, alert, row), labels=rule.labels if rule is not None else _NONE,
        shared=_shared(alert, target),
    )  # fmt: skip


def names(world: World, alert: Alert, row: Any) -> tuple[str, ...]:
    """What the alert is about, by all names of it, as far as it is known: before it wants anything done it has no target yet."""
    process = process_of(world, row)
    if process is None:
        return (*names_of(alert.target), alert.entity)
    return (*names_of(alert.target), *names_of(name_of(process)))


def process_of(world: World, row: Any) -> Any:
    """The row of the process that this row is, or is a job of; None if it is neither."""
    if row is not None and row.kind is Kind.JOB:
        row = world.find(Kind.PROCESS, row.process) if row.process is not MISSING else None
    return row if row is not None and row.kind is Kind.PROCESS else None


def value_of(traits: Traits, name: str) -> str | None:
    """One of `model.routing`'s names, or `labels.NAME`; None where it is not known."""
    if name.startswith(LABEL):
        return traits.labels.get(name.removeprefix(LABEL))
    match name:
        case "rule":
            return traits.rule
        case "severity":
            return traits.severity.value
        case "target":
            return traits.target
        case "entity":
            return traits.entity
        case _:
            return traits.shared.get(name)


def _shared(alert: Alert, target: str) -> dict[str, str]:
    """Of the readings at which it fired; where a kind has none of its own, what the target says."""
    seen = alert.seen
    found: dict[str, str] = {}
    if isinstance(host := seen.get("host"), str):
        found["host"] = host
    elif alert.kind is Kind.HOST:
        found["host"] = alert.entity
    elif alert.kind is Kind.UNIT and "/" in target:
        found["host"] = target.partition("/")[0]
    if alert.kind is Kind.PROCESS:
        found["process"] = alert.entity
    elif isinstance(process := seen.get("process"), str):
        found["process"] = process
    if alert.kind is Kind.QUEUE:
        found["queue"] = alert.entity
    elif isinstance(queue := seen.get("queue"), str):
        found["queue"] = queue
    return found
