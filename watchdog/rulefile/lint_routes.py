"""Routes that never lead to anybody, receivers to whom none leads, and rules of which nobody is told: found where rules and config are known together."""

from collections.abc import Mapping
from itertools import chain
from typing import Final

from watchdog.engine.routing.table import Match
from watchdog.engine.rules import Rule
from watchdog.errors import Problem, Span
from watchdog.lang.glob import fits
from watchdog.rulefile.findings import Findings, quoted
from watchdog.rulefile.routes import RoutingSettings

_NAMED: Final = 3
"""So many rules of which nobody is told are named, the others counted."""


def lint_routes(routing: RoutingSettings, rules: tuple[Rule, ...], receivers: Mapping[str, Span]) -> tuple[Problem, ...]:
    """What is to be said of them; `receivers` are the declared ones with their places. Where no route is written, only that nobody at all is told anything."""
    findings = Findings()
    if not routing.routes:
        if receivers and rules and not any(rule.notify for rule in rules):
            name, span = next(iter(receivers.items()))
            message = "nobody is ever told of anything: there is no route, and no rule names a receiver"
            findings.add("W634", span, message, hint=f"routes: [{{notify: [{name}]}}]")
        return findings.in_order()
    for number, one in enumerate(routing.routes):
        before = next(
            (other for other in routing.routes[:number] if not other.route.goes_on and _covers(other.route.match, one.route.match)), None
        )
        if before is not None:
            message = f"this route is never reached: route {before.route.name} before it fits all that it does"
            findings.add("W633", one.span, message, hint="put it first, or write 'continue: true' there")
        elif rules and not any(_can_fit(one.route.match, rule) for rule in rules):
            findings.add("W633", one.span, "no rule that is in force fits this route", hint="`sidekiq-watchdog check` reads the same rules")
    named = set(chain.from_iterable(rule.notify for rule in rules))
    for one in routing.routes:
        named.update(one.route.notify, *(level.to for level in one.route.escalate))
    for name, span in receivers.items():
        if name not in named:
            message = f"the receiver {quoted(name)} is never told of anything: no rule and no route names it"
            findings.add("W634", span, message, hint="name it under 'notify' of a route, or remove it")
    untold = [rule.name for rule in rules if not rule.notify and not any(_can_fit(one.route.match, rule) for one in routing.routes)]
    if untold:
        more = f" and {len(untold) - _NAMED} more" if len(untold) > _NAMED else ""
        message = f"nobody is told of {', '.join(map(quoted, untold[:_NAMED]))}{more}: they name no receiver, and no route fits them"
        findings.add("W635", routing.routes[-1].span, message, hint="a last route without 'match' is for all that is left")
    return findings.in_order()


def _can_fit(match: Match, rule: Rule) -> bool:
    return (
        (not match.severity or rule.severity in match.severity)
        and (not match.kind or rule.each in match.kind)
        and (not match.rule or fits(rule.name, match.rule))
        and all(name in rule.labels and fits(rule.labels[name], patterns) for name, patterns in match.labels.items())
    )


def _covers(wide: Match, narrow: Match) -> bool:
    """Whether all that `narrow` fits `wide` fits, as far as that can be seen; patterns are taken letter by letter, but for the names among them."""
    return (
        _holds_all(wide.severity, narrow.severity)
        and _holds_all(wide.kind, narrow.kind)
        and _holds_all(wide.rule, narrow.rule)
        and _holds_all(wide.entity, narrow.entity)
        and _holds_all(wide.target, narrow.target)
        and all(_holds_all(patterns, narrow.labels.get(name, ())) for name, patterns in wide.labels.items())
    )


def _holds_all(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    if not wide:
        return True
    plain = [one for one in narrow if not any(sign in one for sign in "*?[")]
    return bool(narrow) and all(one in wide or (one in plain and fits(one, wide)) for one in narrow)
