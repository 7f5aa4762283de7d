"""
How far each rule may go, and what was so already when it began to.

Three say it: the config the most that any rule may do, the rule's file what it does, and a person (`arm`) what it does instead, in either direction, but never above the
config. What a person has said is about the rule as it was then. Once the rule says something else, an arming that went further than the file is void; one that held it
back stays until it is taken back, for whoever changes a pack at night must not arm what a person has disarmed.

A rule that begins to act looks around first: what is so already has been so while nobody acted, and a person decides about it (guard `baseline`). That is
over for a finding once it was really false. A restart of the agent with the same rules begins nothing.

While the agent does not trust its memory (`adopting`) nobody acts, whatever rules are loaded: where the doubt goes by itself it was a mere restart. Whoever ends it by
adopting arms all rules at once, and as with any arming, what has come about meanwhile is put before a person.
"""

from collections.abc import Collection
from typing import Final

import msgspec

from watchdog.engine.alerts import Truth
from watchdog.engine.armed import Armed, Arming, InForce
from watchdog.engine.counted import COUNTED, is_counted
from watchdog.engine.ledger import Alert, Ledger, Phase
from watchdog.engine.rule_digest import digest_of_rule
from watchdog.engine.rules import Rule, RuleSet
from watchdog.engine.targeting import truth_of
from watchdog.engine.turn import Turn
from watchdog.model.delivery import listed_by
from watchdog.model.kinds import Kind
from watchdog.model.told import OperatorArmed
from watchdog.model.verdicts import Mode, lower

HEEDED_WITHIN: Final = 3_600_000
"""Milliseconds after which a command that lets a rule act or ask is void: it lay there while no agent ran, and whoever said so had looked at what was there then."""
MOST_UNKNOWN: Final = 1_000
"""So many entities of a rule are remembered of which it could not be known whether it was so."""


def mode_of(turn: Turn, rule: Rule) -> Mode:
    """How far the rule may go now."""
    return mode_in(turn.rules, turn.ledger, rule)


def mode_in(rules: RuleSet, ledger: Ledger, rule: Rule) -> Mode:
    """The same, seen from a ledger."""
    return lower(rules.mode, wanted_mode(ledger, rule))


def wanted_mode(ledger: Ledger, rule: Rule) -> Mode:
    """How far it would go if the config allowed it: as somebody has armed it, or as its file says."""
    armed = ledger.arming.armed.get(rule.name)
    return rule.mode if armed is None else armed.mode


def in_force_before(rules: RuleSet) -> Arming:
    """As if these rules had been in force for long: nothing is news to them because of that."""
    return Arming(in_force={rule.name: InForce(digest_of_rule(rule), lower(rules.mode, rule.mode)) for rule in rules.rules})


def refusal(turn: Turn, told: OperatorArmed) -> str:
    """Why that can't be heeded; empty where it can."""
    rule = turn.rule.get(told.rule)
    if told.mode is not None and told.mode.rank > Mode.DRY_RUN.rank:
        if turn.ledger.doubt is not None:
            return "nothing is done but in dry-run until somebody has adopted what is remembered (`sidekiq-watchdog adopt`)"
        if turn.wall - told.asked > HEEDED_WITHIN:
            return "it was said too long ago; look at it as it is now, and say it again"
    if told.mode is None:
        return "" if told.rule in turn.ledger.arming.armed else f"nobody has armed a rule {told.rule}"
    if rule is None:
        return f"no rule {told.rule} is in force"
    if told.mode.rank > turn.rules.mode.rank:
        return f"the config allows {turn.rules.mode} at most"
    return ""


def arm(turn: Turn, told: OperatorArmed) -> tuple[Mode, Mode]:
    """Heeds a command that was not refused: how far the rule went before, and how far it goes now."""
    rule, arming = turn.rule.get(told.rule), turn.ledger.arming
    before = turn.rules.mode if rule is None else mode_of(turn, rule)
    armed = {name: one for name, one in arming.armed.items() if name != told.rule}
    if told.mode is not None and rule is not None:
        armed[told.rule] = Armed(told.mode, digest_of_rule(rule), rule.mode, told.by, told.reason, turn.wall)
    _set(turn, msgspec.structs.replace(arming, armed=armed))
    if rule is None:
        return before, before
    now = mode_of(turn, rule)
    # Whoever says it of a rule that acts already means it all the same: what is so now is not what he has in mind.
    if now is Mode.ACT and (before is not Mode.ACT or told.mode is not None):
        _mark(turn, rule)
        _look_around(turn, (rule,))
    if turn.ledger.doubt is None:
        _set(turn, msgspec.structs.replace(turn.ledger.arming, in_force=_in_force(turn)))
    return before, now


def adopted(turn: Turn) -> None:
    """A person relies on what is remembered: all rules that act begin to do so now."""
    acting = tuple(rule for rule in turn.rules.rules if mode_of(turn, rule) is Mode.ACT)
    _set(turn, msgspec.structs.replace(turn.ledger.arming, in_force=_in_force(turn)))
    for rule in acting:
        _mark(turn, rule)
    _look_around(turn, acting)


def drop_void(turn: Turn) -> None:
    """Rules have been loaded: an arming that went further than the file ends with what the rule said then."""
    arming = turn.ledger.arming
    void = {
        name: armed
        for name, armed in arming.armed.items()
        if (rule := turn.rule.get(name)) is not None and armed.digest != digest_of_rule(rule) and armed.mode.rank > rule.mode.rank
    }
    if not void:
        return
    _set(turn, msgspec.structs.replace(arming, armed={name: one for name, one in arming.armed.items() if name not in void}))
    for name, armed in void.items():
        mode = mode_of(turn, turn.rule[name])
        turn.audit("agent", rule=name, outcome="arming void", mode=mode.value,
                   reason=f"{armed.by} had armed it for {armed.mode}, and it says something else since: it is in {mode} again")  # fmt: skip


def load(turn: Turn, there: Collection[str]) -> None:
    """
    Rules have been loaded, and all that is known has been judged by them: those that begin to act look around.

    A rule that acted before and says something else now answers for what it had found by then; `there` are the keys of those alerts.
    """
    before = turn.ledger.arming.in_force
    now = _in_force(turn)
    if turn.ledger.doubt is not None:
        # Of a rule that is as it was, what was in force before counts when the doubt goes by itself.
        now = {name: before[name] if name in before and before[name].digest == one.digest else one for name, one in now.items()}
        _set(turn, msgspec.structs.replace(turn.ledger.arming, in_force=now))
        return
    if now == before:
        return
    changed = tuple(rule for rule in turn.rules.rules if now[rule.name].mode is Mode.ACT and before.get(rule.name) != now[rule.name])
    _set(turn, msgspec.structs.replace(turn.ledger.arming, in_force=now))
    for rule in changed:
        acted = rule.name in before and before[rule.name].mode is Mode.ACT
        _mark(turn, rule, but_for=there if acted else ())
    _look_around(turn, changed)


def was_so(ledger: Ledger, rule: Rule, entity: str) -> bool:
    """Whether a finding of the rule on this entity, of which nothing was known till now, was so before the rule began to act."""
    arming = ledger.arming
    return rule.name in arming.looking or entity in arming.unknown.get(rule.name, ())


def known(turn: Turn, rule: Rule, entity: str) -> None:
    """It is known now whether it is so, or there is nothing any more that it could be so of."""
    unknown = turn.ledger.arming.unknown
    if entity in unknown.get(rule.name, ()):
        rest = tuple(other for other in unknown[rule.name] if other != entity)
        others = {name: entities for name, entities in unknown.items() if name != rule.name}
        _set(turn, msgspec.structs.replace(turn.ledger.arming, unknown=others | ({rule.name: rest} if rest else {})))


def really_false(rule: Rule, alert: Alert, truth: Truth) -> bool:
    """Whether what was so before is news from now on, should it be so again."""
    return alert.baseline and truth is Truth.FALSE and rule.on is None


def look(turn: Turn) -> None:
    """Something was read: a rule that was waiting for just that has looked around."""
    if any(name in turn.rule and _is_listed(turn, turn.rule[name]) for name in turn.ledger.arming.looking):
        seen_in_full(turn)


def seen_in_full(turn: Turn) -> None:
    """A source has been read in full: rules that were waiting for it have looked around, and what is not there any more is forgotten."""
    arming = turn.ledger.arming
    for name, entities in arming.unknown.items():
        rule = turn.rule.get(name)
        gone = [one for one in entities if rule is None or (_is_listed(turn, rule) and turn.world.find(rule.each, one) is None)]
        if gone:
            rest = tuple(one for one in entities if one not in gone)
            others = {other: kept for other, kept in turn.ledger.arming.unknown.items() if other != name}
            _set(turn, msgspec.structs.replace(turn.ledger.arming, unknown=others | ({name: rest} if rest else {})))
    rules = tuple(turn.rule[name] for name in arming.looking if name in turn.rule)
    if rules:
        _look_around(turn, rules)


def _mark(turn: Turn, rule: Rule, *, but_for: Collection[str] = ()) -> None:
    for key, alert in list(turn.ledger.alerts.items()):
        is_false = alert.phase is Phase.FIRING and alert.counting and rule.on is None
        if alert.rule == rule.name and not alert.baseline and not is_false and key not in but_for:
            turn.put_alert(key, msgspec.structs.replace(alert, baseline=True))


def _look_around(turn: Turn, rules: tuple[Rule, ...]) -> None:
    """Notes what can't be known yet of these rules: which entities there are, or whether it is so."""
    waiting = tuple(rule.name for rule in rules if rule.on is None and not _is_listed(turn, rule))
    unknown = {rule.name: found for rule in rules if rule.on is None and rule.name not in waiting and (found := _unknown(turn, rule))}
    arming, mine = turn.ledger.arming, {rule.name for rule in rules}
    looking = (*(name for name in arming.looking if name in turn.rule and name not in mine), *waiting)
    others = {name: entities for name, entities in arming.unknown.items() if name in turn.rule and name not in mine}
    _set(turn, msgspec.structs.replace(arming, looking=looking, unknown=others | unknown))


def _unknown(turn: Turn, rule: Rule) -> tuple[str, ...]:
    """The entities of which it can't be known whether it is so."""
    rows = turn.world.rows[rule.each].values()
    without = (row for row in rows if f"{rule.name}|{row.id}" not in turn.ledger.alerts)
    return tuple(row.id for row in without if truth_of(turn, rule, row) is Truth.UNKNOWN)[:MOST_UNKNOWN]


def _is_listed(turn: Turn, rule: Rule) -> bool:
    """Whether it is known which entities of its kind there are."""
    if rule.each in COUNTED:
        return is_counted(turn.world, rule.each)
    return rule.each is Kind.HOST or listed_by(rule.each) in turn.world.complete


def _in_force(turn: Turn) -> dict[str, InForce]:
    return {rule.name: InForce(digest_of_rule(rule), mode_of(turn, rule)) for rule in turn.rules.rules}


def _set(turn: Turn, arming: Arming) -> None:
    if arming != turn.ledger.arming:
        turn.set(arming=arming)
