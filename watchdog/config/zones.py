"""
Time zones, from where the machine keeps them, put into the rules and settings that name them.

The counterpart of `model.hours`, which is what is left of a zone for those who decide: what clocks show, and since when. Rules without hours of their own need none.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from watchdog.engine.routing.table import Routing
from watchdog.engine.rules import Rule, RuleSet
from watchdog.lang.text import Text
from watchdog.model import hours
from watchdog.model.hours import Hours, Zone
from watchdog.model.weekly import DAYS, Weekly
from watchdog.rulefile.digest import NEVER, DigestSettings
from watchdog.rulefile.findings import Findings, quoted
from watchdog.rulefile.routes import RoutingSettings

LOCAL: Final = "local"
"""The zone of this machine."""
_HERE: Final = Path("/etc/localtime")
_FIRST: Final = datetime(2025, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(2055, 1, 1, tzinfo=UTC)
_STEP: Final = timedelta(days=7)
"""No zone changes its clocks twice within a week."""
_HINT: Final = "a name like Europe/Berlin, UTC, or local (on Debian the package tzdata has them)"
_WHOLE_DAY: Final = Hours(0, hours.DAY)


def with_zones(rules: RuleSet, findings: Findings) -> RuleSet:
    """The rules with their zones; one that this machine does not know is noted at its rule."""
    if all(rule.guards["hours"] == _WHOLE_DAY for rule in rules.rules):
        return rules
    with_theirs = tuple(_with_zone(rule, findings) for rule in rules.rules)
    return rules.but(rules=with_theirs)


def with_weekly(rules: RuleSet, weekly: Weekly | None) -> RuleSet:
    """The rules, and when people are told what has come of them."""
    return rules.but(weekly=weekly)


def weekly_of(settings: DigestSettings | None, findings: Findings) -> Weekly | None:
    """When the digest is due; None for never, or where this machine does not know its zone, which is then noted."""
    if settings is None or settings.day == NEVER:
        return None
    zone = _written(settings.zone, findings)
    return None if zone is None else Weekly(DAYS.index(settings.day), settings.minute, zone)


def routing_of(settings: RoutingSettings, findings: Findings) -> Routing:
    """Routes and inhibitions, the quiet hours by their clocks; a zone that this machine does not know is noted."""
    routes = []
    for one in settings.routes:
        route = one.route
        if route.quiet is not None and (zone := _written(one.zone, findings)) is not None:
            route = msgspec.structs.replace(route, quiet=msgspec.structs.replace(route.quiet, zone=zone))
        routes.append(route)
    return Routing(tuple(routes), settings.inhibitions)


def read_zone(name: str, *, here: Path = _HERE) -> Zone | None:
    """The zone of that name, None where this machine knows none; `here` is what its own is kept in, UTC where that is not there."""
    try:
        info = _local(here) if name == LOCAL else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    return hours.UTC if info is None else _zone("local time" if name == LOCAL else name, info)


def _written(text: Text | None, findings: Findings) -> Zone | None:
    """The zone of that name, or that of the machine where none is written; None if there is none, which is noted."""
    name = LOCAL if text is None else text.value
    zone = read_zone(name)
    if zone is None:
        assert text is not None  # every machine has its own
        findings.add("E518", text.span(0, len(name)), f"this machine knows no time zone {quoted(name)}", hint=_HINT)
    return zone


def _with_zone(rule: Rule, findings: Findings) -> Rule:
    if rule.guards["hours"] == _WHOLE_DAY:
        return rule
    name = rule.guards["zone"]
    zone = read_zone(name)
    if zone is None:
        findings.add("E518", rule.span, f"this machine knows no time zone {quoted(name)}, by which the rule has its hours", hint=_HINT)
        return rule
    return msgspec.structs.replace(rule, guards={**rule.guards, "zone": zone})


def _local(here: Path) -> ZoneInfo | None:
    try:
        with here.open("rb") as file:
            return ZoneInfo.from_file(file, key=LOCAL)
    except FileNotFoundError:
        return None


def _zone(name: str, info: ZoneInfo) -> Zone:
    since, offsets = [_milliseconds(_FIRST)], [_offset(_FIRST, info)]
    at = _FIRST
    while at < _LAST:
        later = at + _STEP
        if _offset(later, info) != offsets[-1]:
            since.append(_milliseconds(_change(at, later, info)))
            offsets.append(_offset(later, info))
        at = later
    return Zone(name, tuple(since), tuple(offsets))


def _change(before: datetime, after: datetime, info: ZoneInfo) -> datetime:
    """The minute between the two at which the clocks are changed."""
    old = _offset(before, info)
    while after - before > timedelta(minutes=1):
        middle = before + timedelta(minutes=(after - before) // timedelta(minutes=2))
        before, after = (middle, after) if _offset(middle, info) == old else (before, middle)
    return after


def _offset(at: datetime, info: ZoneInfo) -> int:
    offset = at.astimezone(info).utcoffset()
    assert offset is not None  # a ZoneInfo always has one
    return offset // timedelta(milliseconds=1)


def _milliseconds(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
