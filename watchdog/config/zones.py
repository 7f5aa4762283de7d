"""
Time zones, from where the machine keeps them, put into the rules that name them.

The counterpart of `model.hours`, which is what is left of a zone for those who decide: what clocks show, and since when. Rules without hours of their own need none.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from watchdog.engine.rules import Rule, RuleSet
from watchdog.model import hours
from watchdog.model.hours import Hours, Zone
from watchdog.rulefile.findings import Findings, quoted

LOCAL: Final = "local"
"""The zone of this machine."""
_HERE: Final = Path("/etc/localtime")
_FIRST: Final = datetime(2025, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(2055, 1, 1, tzinfo=UTC)
_STEP: Final = timedelta(days=7)
"""No zone changes its clocks twice within a week."""
_WHOLE_DAY: Final = Hours(0, hours.DAY)


def with_zones(rules: RuleSet, findings: Findings) -> RuleSet:
    """The rules with their zones; one that this machine does not know is noted at its rule."""
    if all(rule.guards["hours"] == _WHOLE_DAY for rule in rules.rules):
        return rules
    return RuleSet(tuple(_with_zone(rule, findings) for rule in rules.rules), rules.digest, rules.mode, rules.by_hand)


def read_zone(name: str, *, here: Path = _HERE) -> Zone | None:
    """The zone of that name, None where this machine knows none; `here` is what its own is kept in, UTC where that is not there."""
    try:
        info = _local(here) if name == LOCAL else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    return hours.UTC if info is None else _zone("local time" if name == LOCAL else name, info)


def _with_zone(rule: Rule, findings: Findings) -> Rule:
    if rule.guards["hours"] == _WHOLE_DAY:
        return rule
    name = rule.guards["zone"]
    zone = read_zone(name)
    if zone is None:
        hint = "a name like Europe/Berlin, UTC, or local (on Debian the package tzdata has them)"
        findings.add("E518", rule.span, f"this machine knows no time zone {quoted(name)}, by which the rule has its hours", hint=hint)
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
