"""The story of an incident, from what was found of it: its moments in their order, its readings, its jobs, and what comes next."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

import msgspec

from watchdog.engine.rules import RuleSet
from watchdog.engine.whats_next import NOBODY, after_end
from watchdog.lang.harmless import harmless, harmless_lines
from watchdog.model.evidence import Came
from watchdog.model.notices import Severity
from watchdog.model.runbook import LONGEST
from watchdog.store.evidence import Summary
from watchdog.store.story import MOST
from watchdog.timeline.deliveries import deliveries, receivers
from watchdog.timeline.finding import ALERT, Found, find
from watchdog.timeline.jobs import jobs_of
from watchdog.timeline.moments import moments
from watchdog.timeline.said import WIDTH, sentence
from watchdog.timeline.timeline import KeptEvidence, Moment, MomentKind, Timeline

ENTRIES: Final = 400
"""So many moments are told at most; of more, those in the middle are left out."""
ALIKE: Final = 20
"""So many jobs that the same is done with are told one by one."""
_STRETCH: Final = 8
"""Readings, and lines of a plan, that are told."""


def of(folder: Path, incident: str) -> Timeline:
    """
    The story of the incident with that id, or of an alert: by the id that people are told, or `alert:` and the number of the audit row that says that it fires. It blocks while it reads.

    Raises `NoSuchIncidentError` where nothing is known of it, and `StoreError`.
    """
    return told(find(folder, incident), incident)


def told(found: Found, incident: str) -> Timeline:
    """The same from what was found; `incident` is the name by which it was asked for."""
    row, fired = found.row, found.fired
    resolved = _resolved(found)
    entries, cut = _cut(_merged(_grouped(moments(found.rows)), deliveries(found.messages)))
    seen = _seen(found)
    return Timeline(
        incident=_name(found) or incident,
        rule=row.rule if row is not None else "" if fired is None else fired.rule,
        entity=harmless(row.entity if row is not None else "" if fired is None else fired.entity),
        target=harmless(row.target if row is not None else _target(found)),
        action=row.action if row is not None else "",
        summary=_summary(found),
        outcome=row.outcome if row is not None else "firing" if resolved is None else "resolved",
        severity=_severity(found),
        began=fired.wall if fired is not None else 0 if row is None else row.opened,
        opened=None if row is None else row.opened,
        ended=resolved if row is None else row.closed,
        resolved=resolved,
        entries=entries,
        condition=_newest(found, "condition"),
        seen=seen,
        plan=_plan(found),
        account=() if row is None else tuple(harmless(line, WIDTH) for line in row.account),
        jobs=None if row is None else jobs_of(row.account),
        evidence=tuple(_kept(summary) for summary in found.kept),
        told=receivers(found.messages),
        next=_next(found, resolved),
        runbook=next(
            (harmless_lines(str(one.notice["runbook"]), LONGEST) for one in reversed(found.messages) if one.notice.get("runbook")), ""
        ),
        missing=tuple(_missing(found)),
        cut=cut + found.left_out,
    )


def with_runbook(story: Timeline, rules: RuleSet | None) -> Timeline:
    """The same with what its rule says now of what to do, where nobody was told of it by a message."""
    rule = None if rules is None or story.runbook else rules.by_name.get(story.rule)
    return story if rule is None else msgspec.structs.replace(story, runbook=harmless_lines(rule.runbook, LONGEST))


def _name(found: Found) -> str:
    """By whichever name it was asked for."""
    if found.row is not None:
        return found.row.id
    return "" if found.fired is None else f"{ALERT}{found.fired.seq}"


def _summary(found: Found) -> str:
    """What it is about: as the alert said it, else the rule and its target."""
    row, fired = found.row, found.fired
    if fired is not None and fired.kind == "order":
        return sentence(f"{fired.action} on {fired.target}, ordered by {fired.detail.get('by', '')}", fired.reason)
    if fired is not None and fired.reason:
        return sentence(fired.reason)
    return sentence("") if row is None else sentence(f"{row.rule}: {row.action} on {row.target}")


def _target(found: Found) -> str:
    return next((one.target for one in found.rows if one.target), "")


def _resolved(found: Found) -> int | None:
    entity = found.row.entity if found.row is not None else "" if found.fired is None else found.fired.entity
    return next((one.wall for one in reversed(found.rows) if one.is_over(entity)), None)


def _severity(found: Found) -> Severity | None:
    said = ["" if found.fired is None else found.fired.detail.get("severity"), *(one.notice.get("severity") for one in found.messages)]
    return next((Severity(one) for one in said if one in list(Severity)), None)


def _seen(found: Found) -> tuple[str, ...]:
    """The readings that it was judged by when it began."""
    told_ = next((one.notice["seen"] for one in found.messages if one.notice.get("seen")), None)
    if isinstance(told_, list):
        return tuple(harmless(str(one)) for one in told_[:_STRETCH])
    said = "" if found.fired is None else str(found.fired.detail.get("seen", ""))
    return tuple(harmless(one) for one in said.split("; ")[:_STRETCH] if one)


def _plan(found: Found) -> tuple[str, ...]:
    said = next((one.notice["plan"] for one in reversed(found.messages) if one.notice.get("plan")), None)
    if isinstance(said, list):
        return tuple(harmless(str(one)) for one in said[:_STRETCH])
    is_left_out = found.row is not None and found.row.outcome == "would"
    return tuple(harmless(line) for line in found.row.account[:_STRETCH]) if is_left_out and found.row is not None else ()


def _newest(found: Found, name: str) -> str:
    return next((harmless(str(one.notice[name]), WIDTH) for one in reversed(found.messages) if one.notice.get(name)), "")


def _next(found: Found, resolved: int | None) -> str:
    row = found.row
    if row is None:
        return "" if resolved is not None else _newest(found, "next") or NOBODY
    if row.outcome == "would":
        return "nothing: the rule only says what it would do"
    if row.closed is not None:
        return "" if resolved is not None else after_end(row.outcome)
    if row.outcome == "held":
        return f"it is tried again by itself; sidekiq-watchdog go-on {row.id} tries it at once, close {row.id} ends it by hand"
    return _newest(found, "next")


def _kept(summary: Summary) -> KeptEvidence:
    return KeptEvidence(
        process=harmless(summary.process),
        taken=summary.taken,
        until=summary.until,
        pieces=tuple(piece.kind for piece in summary.pieces if piece.came is Came.KEPT),
        suspects=tuple(harmless(f"{one.job_class} {one.jid} ({one.suspicion}): {one.why}") for one in summary.suspects),
    )


def _missing(found: Found) -> Iterable[str]:
    row = found.row
    if row is not None and not any(one.incident == row.id for one in found.rows):
        yield "the audit log has no rows of it any more, or they are too far from where they should be: what is told is the account alone"
    elif row is not None and found.fired is None:
        yield "when it began is not known: that row of the audit log is gone, or too far away"
    if row is not None and sum(one.incident == row.id for one in found.rows) >= MOST:
        yield f"it has more than {MOST:,} rows in the audit log; only the last are told"
    if found.fired is not None and not found.messages and not str(found.fired.detail.get("told", "nobody")).startswith("nobody"):
        yield "what people were told is not known any more"


def _grouped(all_: Iterable[Moment]) -> Iterable[Moment]:
    """Of many jobs that the same is done with, the first few, and how many more there were."""
    for key, group in groupby(all_, key=_alike):
        several = list(group)
        if key is None or len(several) <= ALIKE:
            yield from several
            continue
        yield from several[: ALIKE - 1]
        last = several[-1]
        yield msgspec.structs.replace(last, text=f"and so with {len(several) - ALIKE + 1} more", detail={"stage": last.detail["stage"]})


def _alike(moment: Moment) -> tuple[str | int | bool, str | int | bool] | None:
    if moment.kind is not MomentKind.JOBS or "jid" not in moment.detail or "stage" not in moment.detail:
        return None
    return moment.detail["stage"], moment.detail.get("place", "")


def _merged(rows: Iterable[Moment], told_: Iterable[Moment]) -> list[Moment]:
    """In the order of their times. Rows stay in that of their numbers, which no set clock changes."""
    latest = 0
    keyed: list[tuple[int, Moment]] = []
    for moment in rows:
        latest = max(latest, moment.wall)
        keyed.append((latest, moment))
    return [moment for _, moment in sorted([*keyed, *((one.wall, one) for one in told_)], key=lambda each: each[0])]


def _cut(all_: Sequence[Moment]) -> tuple[tuple[Moment, ...], int]:
    if len(all_) <= ENTRIES:
        return tuple(all_), 0
    half = ENTRIES // 2
    return (*all_[:half], *all_[-half:]), len(all_) - 2 * half
