"""Metrics of what the agent judges and does, from the engine's memory: rules, alerts, what is wanted and what stands in its way, what people have switched."""

from collections import Counter
from collections.abc import Iterator

from watchdog.engine.approvals import LIVE
from watchdog.engine.arming import mode_in
from watchdog.engine.incidents import Deed, Edit, Run
from watchdog.engine.ledger import Ledger, Phase
from watchdog.engine.rules import RuleSet
from watchdog.engine.state import State
from watchdog.model.delivery import OPTIONAL
from watchdog.model.kinds import Source
from watchdog.model.notices import Severity
from watchdog.model.verdicts import Mode
from watchdog.web.metrics.pieces import pieces
from watchdog.web.metrics.sheet import Sheet


def blind_sources(state: State) -> frozenset[Source]:
    """The sources that can't be read now, Redis before it was read in full among them."""
    starting = {Source.REDIS} - state.world.complete
    return frozenset(Source(name) for name in state.ledger.lost) | starting


def read_judgement(sheet: Sheet, rules: RuleSet, state: State, at: int) -> Iterator[None]:
    """All of them at engine time `at`, in pieces: in a storm there are thousands of alerts."""
    ledger = state.ledger
    in_force = rules if ledger.doubt is None else rules.in_doubt()
    for mode in Mode:
        sheet.put("watchdog_mode", mode is ledger.mode, mode.value)
    sheet.put("watchdog_in_doubt", ledger.doubt is not None)
    sheet.put("watchdog_fleet_leads", ledger.fleet.lead is not None and ledger.fleet.lead.mine)
    _read_sources(sheet, state, at)
    _read_rules(sheet, in_force, ledger)
    sheet.put("watchdog_paused", any(not (one.rule or one.target) for one in ledger.pauses.values()))
    sheet.put("watchdog_pauses", len(ledger.pauses))
    sheet.put("watchdog_silences", len(ledger.silences))
    sheet.put("watchdog_rules_demoted", sum(one.demotion is not None for one in ledger.success.values()))
    sheet.put("watchdog_history_bytes", state.world.history.size())
    for kind, rows in state.world.rows.items():
        sheet.put("watchdog_entities", len(rows), kind.value)
    _read_incidents(sheet, ledger)
    yield
    for alerts in pieces(ledger.alerts):
        for alert in alerts:
            sheet.put("watchdog_rule_alerts", 1, alert.rule, alert.phase.value)
            sheet.put("watchdog_alerts", 1, alert.severity.value, alert.phase.value)
        yield
    for requests in pieces(ledger.requests):
        for request in requests:
            sheet.put("watchdog_requests", 1, "" if request.decision is None else request.decision.value, request.guard)
        yield


def _read_sources(sheet: Sheet, state: State, at: int) -> None:
    for source in Source:
        if source is Source.CHECKS or (source in OPTIONAL and source not in state.world.complete and source not in state.ledger.lost):
            continue
        sheet.put("watchdog_source_up", source not in sheet.blind, source.value)
        if (read_at := state.world.read_at.get(source)) is not None:
            sheet.put("watchdog_source_read_age_seconds", (at - read_at) / 1000, source.value)


def _read_rules(sheet: Sheet, rules: RuleSet, ledger: Ledger) -> None:
    sheet.put("watchdog_rules", len(rules.rules))
    for rule in rules.rules:
        sheet.put("watchdog_rule_mode", 1, rule.name, mode_in(rules, ledger, rule).value)
        sheet.put("watchdog_rule_blind", any(source in sheet.blind for source in rule.condition.sources), rule.name)
        for phase in Phase:
            sheet.put("watchdog_rule_alerts", 0, rule.name, phase.value)
        for change in ("firing", "resolved"):
            # 0 before the first one, like the counts in `counted`.
            sheet.put("watchdog_alert_changes_total", 0, rule.name, change)
    for severity in Severity:
        for phase in Phase:
            sheet.put("watchdog_alerts", 0, severity.value, phase.value)


def _read_incidents(sheet: Sheet, ledger: Ledger) -> None:
    sheet.put("watchdog_approvals_open", sum(one.standing in LIVE for one in ledger.approvals.values()))
    steps: tuple[Run | Edit | Deed, ...] = (*ledger.runs.values(), *ledger.edits.values(), *ledger.deeds.values())
    held = {step.incident for step in steps if step.held}
    counts = Counter(playbook in held for playbook in ledger.playbooks)
    for is_held in (False, True):
        sheet.put("watchdog_incidents_open", counts[is_held], str(int(is_held)))
