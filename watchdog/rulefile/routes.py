"""
`routes:` and `inhibit:` in the config → who is told of which alerts and how, and which alerts hide others.

Pure, like all readers; the zones of quiet hours are looked up where files can be read (`config/zones.py`).
"""

from collections.abc import Collection
from typing import Final

import msgspec

from watchdog.engine.routing.table import USUAL, Inhibition, Level, Match, Quiet, Route
from watchdog.errors import Span
from watchdog.lang.text import Text
from watchdog.model.hours import Hours
from watchdog.model.parameters import Form, ParameterSpec
from watchdog.model.routing import GROUP_BY, LABEL, SAME
from watchdog.rulefile.annotations import LABEL as LABEL_NAME
from watchdog.rulefile.digest import TIME
from watchdog.rulefile.findings import Findings, nearest, quoted
from watchdog.rulefile.keys import Keys, items_of, words_of
from watchdog.rulefile.match import read_match, several, several_severities
from watchdog.rulefile.nodes import Mapping, Node, Scalar
from watchdog.rulefile.rule import NAME
from watchdog.rulefile.values import read_value

NEVER: Final = "never"
"""Instead of a time: it is said once."""
LEAST: Final = 60_000
"""Milliseconds: nobody is reminded, and nothing escalated, sooner."""
ROUTE_KEYS: Final = Keys("a route", optional=("route", "match", "notify", "group_by", "repeat", "escalate", "quiet_hours", "continue"))
ESCALATE_KEYS: Final = Keys("'escalate'", required=("after", "to"))
QUIET_KEYS: Final = Keys("'quiet_hours'", required=("from", "to"), optional=("zone", "except"))
INHIBIT_KEYS: Final = Keys("an inhibition", required=("when", "hides"), optional=("same",))
_TIMES: Final = 'quiet_hours: {from: "23:00", to: "07:00"}'
_REPEAT: Final = ParameterSpec(name="repeat", form=Form.DURATION, doc="", example="repeat: 4h", least=LEAST)
_AFTER: Final = ParameterSpec(name="after", form=Form.DURATION, doc="", example="after: 15m", least=LEAST)
_CONTINUE: Final = ParameterSpec(name="continue", form=Form.BOOL, doc="", example="continue: true")


class RouteSettings(msgspec.Struct, frozen=True):
    """One route and its place; its quiet hours have the zone UTC until that of `zone` was looked up (None: that of this machine)."""

    route: Route
    span: Span
    zone: Text | None = None


class RoutingSettings(msgspec.Struct, frozen=True):
    """What was written, in its order."""

    routes: tuple[RouteSettings, ...] = ()
    inhibitions: tuple[Inhibition, ...] = ()


NOT_ROUTED: Final = RoutingSettings()
"""The config says nothing of it."""


def read_routes(node: Node, receivers: Collection[str] | None, findings: Findings) -> tuple[RouteSettings, ...]:
    """What was written; what is wrong is noted and left out. `receivers` are the declared ones, None if they are not known."""
    found: dict[str, RouteSettings] = {}
    for number, item in enumerate(items_of(node, "'routes'", findings) or (), 1):
        one = _route(item, number, receivers, findings)
        if one is not None and found.setdefault(one.route.name, one) is not one:
            findings.add("E531", one.span, f"two routes are called {quoted(one.route.name)}", hint="each has a name of its own, or none")
    return tuple(found.values())


def read_inhibitions(node: Node, findings: Findings) -> tuple[Inhibition, ...]:
    """The same of these."""
    found = []
    for item in items_of(node, "'inhibit'", findings) or ():
        values = INHIBIT_KEYS.read(item, findings)
        if values is None or "when" not in values or "hides" not in values:
            continue
        when, hides = (read_match(values[name], findings) for name in ("when", "hides"))
        if Match() in (when, hides) and isinstance(item, Mapping):
            findings.add("E123", item.span, "'when' and 'hides' must both say which alerts are meant", hint="when: {rule: redis-*}")
        same = _named(values["same"], "'same'", SAME, findings) if "same" in values else ()
        found.append(Inhibition(when=when, hides=hides, same=same))
    return tuple(found)


def _route(node: Node, number: int, receivers: Collection[str] | None, findings: Findings) -> RouteSettings | None:
    values = ROUTE_KEYS.read(node, findings)
    if values is None:
        return None
    zone, quiet = _quiet(values["quiet_hours"], findings) if "quiet_hours" in values else (None, None)
    goes_on = read_value(values["continue"], _CONTINUE, findings) if "continue" in values else None
    route = Route(
        name=_name(values["route"], findings) if "route" in values else f"#{number}",
        match=read_match(values["match"], findings) if "match" in values else Match(),
        notify=_receivers(values["notify"], "'notify'", receivers, findings) if "notify" in values else (),
        group_by=_named(values["group_by"], "'group_by'", GROUP_BY, findings) if "group_by" in values else USUAL.group_by,
        repeat=_repeat(values["repeat"], findings) if "repeat" in values else USUAL.repeat,
        escalate=_escalate(values["escalate"], receivers, findings) if "escalate" in values else (),
        quiet=quiet,
        goes_on=goes_on is True,
    )
    return RouteSettings(route, node.span, zone)


def _name(node: Node, findings: Findings) -> str:
    text = words_of(node, "'route'", findings)
    if text is None:
        return ""
    if NAME.fullmatch(text.value) is None:
        findings.add(
            "E531",
            node.span,
            f"{quoted(text.value)} can't be the name of a route",
            hint="small letters, digits and '-', like that of a rule",
        )
    return text.value


def _receivers(node: Node, what: str, known: Collection[str] | None, findings: Findings) -> tuple[str, ...]:
    names: dict[str, None] = {}
    items = (node,) if isinstance(node, Scalar) else items_of(node, what, findings) or ()
    for item in items:
        text = words_of(item, "the name of a receiver", findings)
        if text is None:
            continue
        if known is not None and text.value not in known:
            hint = nearest(text.value, known) or "the config declares none: add it under 'receivers'"
            findings.add("E407", item.span, f"no receiver is called {quoted(text.value)}", hint=hint)
        names[text.value] = None
    return tuple(names)


def _named(node: Node, what: str, known: Collection[str], findings: Findings) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for item in several(node, what, findings):
        text = words_of(item, f"an item of {what}", findings)
        if text is None:
            continue
        name = text.value
        if name not in known and not (name.startswith(LABEL) and LABEL_NAME.fullmatch(name.removeprefix(LABEL))):
            findings.add("E124", item.span, f"an item of {what} can't be {quoted(name)}", hint=nearest(name, (*known, "labels.NAME")))
        names[name] = None
    return tuple(names)


def _repeat(node: Node, findings: Findings) -> int | None:
    if isinstance(node, Scalar) and node.text.value == NEVER:
        return None
    value = read_value(node, _REPEAT, findings)
    return value if isinstance(value, int) else None


def _escalate(node: Node, receivers: Collection[str] | None, findings: Findings) -> tuple[Level, ...]:
    items = (node,) if isinstance(node, Mapping) else items_of(node, "'escalate'", findings) or ()
    levels: list[Level] = []
    for item in items:
        values = ESCALATE_KEYS.read(item, findings)
        if values is None or "after" not in values or "to" not in values:
            continue
        after = read_value(values["after"], _AFTER, findings)
        to = _receivers(values["to"], "'to'", receivers, findings)
        if not to and not isinstance(values["to"], Scalar):
            findings.add("E123", values["to"].span, "'to' names nobody", hint="to: [boss]")
        if not isinstance(after, int):
            continue
        if levels and after <= levels[-1].after:
            findings.add(
                "E125", values["after"].span, "each level must come later than the one before it", hint="the time counts from the alert"
            )
        levels.append(Level(after, to))
    return tuple(levels)


def _quiet(node: Node, findings: Findings) -> tuple[Text | None, Quiet | None]:
    values = QUIET_KEYS.read(node, findings)
    if values is None or "from" not in values or "to" not in values:
        return None, None
    begin, end = (_time(values[name], f"'{name}'", findings) for name in ("from", "to"))
    if begin is not None and begin == end:
        findings.add("E125", values["to"].span, "'to' must be another time than 'from'", hint=_TIMES)
    zone = words_of(values["zone"], "'zone'", findings) if "zone" in values else None
    if begin is None or end is None:
        return zone, None
    quiet = Quiet(Hours(begin, end))
    if "except" in values:
        quiet = msgspec.structs.replace(quiet, excepted=several_severities(values["except"], "'except'", findings))
    return zone, quiet


def _time(node: Node, what: str, findings: Findings) -> int | None:
    text = words_of(node, what, findings)
    found = None if text is None else TIME.fullmatch(text.value.strip())
    if text is not None and found is None:
        findings.add("E125", node.span, f"{what} can't be {quoted(text.value)}: a time of the day, by 24 hours", hint=_TIMES)
    return None if found is None else int(found[1]) * 60 + int(found[2])
