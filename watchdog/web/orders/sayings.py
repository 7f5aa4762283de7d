"""All that can be said, and how the engine hears it; parameters are called as on the command line."""

from collections.abc import Mapping
from typing import Any, Final

from watchdog.model.guards import GUARDS
from watchdog.model.told import (
    OperatorAcknowledged,
    OperatorAdopted,
    OperatorApproved,
    OperatorArmed,
    OperatorClosed,
    OperatorDenied,
    OperatorPaused,
    OperatorResumed,
    OperatorSilenced,
    OperatorUnsilenced,
    OperatorWentOn,
)
from watchdog.model.verdicts import Mode
from watchdog.web.endpoint import Param
from watchdog.web.failures import NotUnderstoodError
from watchdog.web.orders.saying import Saying
from watchdog.web.orders.until import FOR, UNTIL, read_until

_NAME: Final = {"type": "string", "minLength": 1, "maxLength": 300}
_RULE: Final = Param("rule", "Only what this rule would do; a name, or with `*`.", _NAME)
_TARGET: Final = Param("target", "Only what would be done to this unit, HOST/UNIT, tag or process; a name, or with `*`.", _NAME)
_INCIDENT: Final = Param("incident", "Its id, as its message and `status` show it.", _NAME, required=True)
_APPROVAL: Final = Param("approval", "The id of what is asked, as the message shows it.", _NAME, required=True)
_LABELS: Final = {"type": "object", "maxProperties": 10, "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 300}}
_FORCED: Final = {
    "type": "array",
    "maxItems": 20,
    "items": {"type": "string", "enum": sorted(one.name for one in GUARDS if not one.binds_people)},
}


def _pause(values: Mapping[str, Any], common: dict[str, Any]) -> OperatorPaused:
    return OperatorPaused(
        **common, until=read_until(values, now=common["asked"]), rule=values.get("rule", ""), target=values.get("target", "")
    )


def _resume(values: Mapping[str, Any], common: dict[str, Any]) -> OperatorResumed:
    return OperatorResumed(**common, rule=values.get("rule", ""), target=values.get("target", ""))


def _silence(values: Mapping[str, Any], common: dict[str, Any]) -> OperatorSilenced:
    meant = {name: values.get(name, "") for name in ("rule", "target", "entity")}
    labels = values.get("label", {})
    if not any(meant.values()) and not labels:
        raise NotUnderstoodError("say what is to be silent: a rule, a target, an entity or a label", hint="rule: queue-*")
    return OperatorSilenced(**common, until=read_until(values, now=common["asked"]), labels=labels, **meant)


def _unsilence(values: Mapping[str, Any], common: dict[str, Any]) -> OperatorUnsilenced:
    return OperatorUnsilenced(**common, silence=values["silence"])


def _ack(values: Mapping[str, Any], common: dict[str, Any]) -> OperatorAcknowledged:
    incident, rule, target = values.get("incident", ""), values.get("rule", ""), values.get("target", "")
    if bool(incident) == bool(rule or target) or bool(rule) != bool(target):
        raise NotUnderstoodError("say what was seen: an incident or an alert by its id, or a rule and a target", hint='incident: "…"')
    return OperatorAcknowledged(**common, until=read_until(values, now=common["asked"]), incident=incident, rule=rule, target=target)


def _approve(values: Mapping[str, Any], common: dict[str, Any]) -> OperatorApproved:
    return OperatorApproved(**common, approval=values["approval"])


def _deny(values: Mapping[str, Any], common: dict[str, Any]) -> OperatorDenied:
    return OperatorDenied(**common, approval=values["approval"])


def _arm(values: Mapping[str, Any], common: dict[str, Any]) -> OperatorArmed:
    mode, clear = values.get("mode"), bool(values.get("clear", False))
    if (mode is None) != clear:
        raise NotUnderstoodError("say either how far it goes (mode) or that it goes as far as its file says (clear)")
    return OperatorArmed(**common, rule=values["rule"], mode=None if mode is None else Mode(mode))


def _adopt(_values: Mapping[str, Any], common: dict[str, Any]) -> OperatorAdopted:
    return OperatorAdopted(**common)


def _close(values: Mapping[str, Any], common: dict[str, Any]) -> OperatorClosed:
    return OperatorClosed(**common, incident=values["incident"])


def _go_on(values: Mapping[str, Any], common: dict[str, Any]) -> OperatorWentOn:
    return OperatorWentOn(**common, incident=values["incident"], overruled=tuple(dict.fromkeys(values.get("force", ()))))


SAYINGS: Final[tuple[Saying, ...]] = (
    Saying(
        name="pause", doc="Nothing is done for a time, or nothing by that rule or to that target; looking and telling go on.", told=_pause,
        params=(FOR, UNTIL, _RULE, _TARGET), has_channel=True, example={"for": "2h", "reason": "new disks"},
    ),
    Saying(
        name="resume", doc="Pauses that were said by command or by the page are over: those for that very rule and target, all where neither is given.", told=_resume,
        params=(_RULE, _TARGET), has_channel=True, example={"reason": "the disks are in"},
    ),
    Saying(
        name="silence", doc="No messages for a time for alerts that fit all of what is given; they fire all the same.", told=_silence,
        params=(
            FOR, UNTIL, Param("rule", "Alerts of this rule; a name, or with `*`.", _NAME), Param("target", "Alerts about this target; a name, or with `*`.", _NAME),
            Param("entity", "Alerts about this entity; a name, or with `*`.", _NAME), Param("label", "Labels of the rule with what they hold; in a form `label.KEY`.", _LABELS),
        ),
        has_channel=True, example={"for": "1h", "rule": "queue-*", "reason": "a campaign"},
    ),
    Saying(
        name="unsilence", doc="A silence is over before its time.", told=_unsilence, params=(Param("silence", "Its id.", _NAME, required=True),), has_channel=True,
        example={"silence": "17.1", "reason": "it is over"},
    ),
    Saying(
        name="ack", doc="Somebody has seen it: it is not told again until then, or until it is over.", told=_ack,
        params=(
            Param("incident", "An incident or an alert by its id.", _NAME), Param("rule", "A rule, with `target`.", _NAME),
            Param("target", "The target or the entity that `status` shows for it.", _NAME), FOR, UNTIL,
        ),
        has_channel=True, example={"incident": "17.1", "for": "2h", "reason": "I am on it"},
    ),
    Saying(
        name="approve", doc="Yes to what the agent asks: for that one action on that very process, once, within ten minutes.", told=_approve, params=(_APPROVAL,),
        has_channel=True, is_reasonless=True, example={"approval": "k3f9"},
    ),
    Saying(
        name="deny", doc="No to what the agent asks; one is enough.", told=_deny, params=(_APPROVAL,), has_channel=True,
        example={"approval": "k3f9", "reason": "it is a long import"},
    ),
    Saying(
        name="arm", doc="How far a rule goes, whatever its file says, under the mode of the config.", told=_arm,
        params=(
            Param("rule", "The name of the rule.", _NAME, required=True), Param("mode", "How far.", {"type": "string", "enum": [mode.value for mode in Mode]}),
            Param("clear", "As far as its file says.", {"type": "boolean"}),
        ),
        machine_only=True, example={"rule": "slow", "mode": "act", "reason": "right each time"},
    ),
    Saying(
        name="adopt", doc="The agent may rely on what it remembers, here and now, and act again.", told=_adopt, machine_only=True,
        example={"reason": "it is the same machine, moved"},
    ),
    Saying(
        name="close", doc="An incident is handled by hand: nothing more is done about it, and everything stays as it is.", told=_close, params=(_INCIDENT,),
        machine_only=True, example={"incident": "17.1", "reason": "restarted by hand"},
    ),
    Saying(
        name="go-on", doc="What is held half-way is tried again at once.", told=_go_on,
        params=(_INCIDENT, Param("force", "Guards that are not to hold it any more, up to the end of this action.", _FORCED)), machine_only=True,
        example={"incident": "17.1", "reason": "the deploy is over"},
    ),
)  # fmt: skip
