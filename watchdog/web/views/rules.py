"""The rules in force, as people read them."""

import msgspec

from watchdog.engine.ledger import Ledger, Phase
from watchdog.engine.rules import Rule, Step
from watchdog.web.inside import Inside
from watchdog.web.paging import USUAL, Slice
from watchdog.web.views.cutting import cut
from watchdog.web.views.going import mode_now


class RuleSeen(msgspec.Struct, frozen=True, kw_only=True):
    """
    One rule. `condition` is what it asks of each `kind`, for `hold` milliseconds; `on` the change that it waits for in place of it. `mode` is how far it goes now, `file_mode` what its file says.

    `steps` are the actions under `then`, `or_else` those where one of them fails, `verify` the proof that it helped; `armed_by` who has said how far it goes, `demoted` why it only asks. `file` and `line` are where it stands.
    """

    name: str
    kind: str
    condition: str
    on: str | None
    hold: int
    keep_firing: int
    severity: str
    mode: str
    file_mode: str
    steps: tuple[str, ...]
    or_else: tuple[str, ...]
    verify: str
    maturity: str
    description: str
    runbook: str
    labels: dict[str, str]
    firing: int
    pending: int
    armed_by: str = ""
    demoted: str = ""
    file: str = ""
    line: int = 0


async def rules(inside: Inside, *, after: str = "", limit: int = USUAL) -> Slice[RuleSeen]:
    """All of them, in the order of their files."""
    ledger, in_force = inside.state.ledger, inside.rules.rules
    counts = counts_by_rule(ledger)
    shown, following = cut(in_force, range(len(in_force)), lambda rule: rule.name, after=after, limit=limit)
    return Slice(tuple(_seen(inside, rule, counts.get(rule.name, (0, 0))) for rule in shown), len(in_force), following)


def counts_by_rule(ledger: Ledger) -> dict[str, tuple[int, int]]:
    """Rule → how many of its alerts fire, and how many are pending."""
    counts: dict[str, tuple[int, int]] = {}
    for alert in ledger.alerts.values():
        firing, pending = counts.get(alert.rule, (0, 0))
        counts[alert.rule] = (firing + 1, pending) if alert.phase is Phase.FIRING else (firing, pending + 1)
    return counts


def _seen(inside: Inside, rule: Rule, counts: tuple[int, int]) -> RuleSeen:
    ledger = inside.state.ledger
    armed, success = ledger.arming.armed.get(rule.name), ledger.success.get(rule.name)
    return RuleSeen(
        name=rule.name,
        kind=rule.each.value,
        condition=rule.condition.text,
        on=rule.on,
        hold=rule.hold,
        keep_firing=rule.keep_firing,
        severity=rule.severity.value,
        mode=mode_now(inside, rule).value,
        file_mode=rule.mode.value,
        steps=_named(rule.steps),
        or_else=_named(rule.or_else),
        verify="" if rule.verify is None else rule.verify.when.text,
        maturity=rule.maturity,
        description=rule.description,
        runbook=rule.runbook,
        labels=dict(rule.labels),
        firing=counts[0],
        pending=counts[1],
        armed_by="" if armed is None else armed.by,
        demoted="" if success is None or success.demotion is None else success.demotion.reason,
        file=rule.span.file,
        line=rule.span.line,
    )


def _named(steps: tuple[Step, ...]) -> tuple[str, ...]:
    return tuple(step.action for step in steps)
