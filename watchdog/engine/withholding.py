"""
Which messages are not sent, because somebody does not want to hear of it or has seen it already.

A silence withholds what is told of an alert and of what is done about it; never what the agent says of itself, nor that it has left a process half-way or failed at
something: a person must do something about that, and nobody else would. What somebody has seen is only not said again; a question that he is asked is nothing that was said
before. What was asked in a silence is asked anew at its end (`silencing`). Everything stands in the audit log all the same.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from watchdog.engine.ledger import Ledger
from watchdog.engine.rules import Rule
from watchdog.model.notices import NoticeKind

_OF_ALERTS: Final = frozenset(
    {
        NoticeKind.FIRING,
        NoticeKind.DECIDED,
        NoticeKind.STAGE,
        NoticeKind.ENDED,
        NoticeKind.REMINDER,
        NoticeKind.ESCALATED,
        NoticeKind.ACKNOWLEDGED,
    }
)
"""What a silence can withhold; of the end of an alert hears whoever heard of its beginning (`Alert.silenced`)."""
ALARMS: Final = frozenset({"held", "not kept", "failed"})
"""Outcomes that everybody must hear of."""
_REPEATS: Final = frozenset({"DENY", "ASK"})
_ENDING: Final = ".service"


def is_withheld(ledger: Ledger, rules: Mapping[str, Rule], fields: Mapping[str, Any]) -> bool:
    """Whether a notice with these fields is not sent."""
    if not (ledger.silences or ledger.acks) or fields["kind"] not in _OF_ALERTS or fields.get("outcome") in ALARMS:
        return False
    rule, target = fields.get("rule", ""), fields.get("target", "")
    if (
        f"{rule}|{target}" in ledger.acks
        and fields["kind"] is NoticeKind.DECIDED
        and fields.get("decision") in _REPEATS
        and not fields.get("approval")
    ):
        return True
    return is_silenced(ledger, rules, rule=rule, entity=fields.get("entity", ""), names=tuple(names_of(target)))


def is_silenced(ledger: Ledger, rules: Mapping[str, Rule], *, rule: str, entity: str, names: tuple[str, ...], but: str = "") -> bool:
    """Whether a silence other than `but` covers that."""
    labels = rules[rule].labels if rule in rules else {}
    return any(one.covers(rule, entity, names, labels) for one in ledger.silences.values() if one.id != but)


def names_of(target: str) -> Iterator[str]:
    """What a target can be called in a silence: whole, without its host, and a unit without its ending too."""
    _, _, inner = target.partition("/")
    for name in (target, inner):
        if name:
            yield name
            if name.endswith(_ENDING):
                yield name.removesuffix(_ENDING)
