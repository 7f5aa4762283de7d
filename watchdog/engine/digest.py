"""
The digest: what was done in a week, what dry-run would have done, what was denied by which guard, and which rules were never right.

Counted from the audit rows of each turn in its own transaction, sent once a week in another; so a week survives every crash, and is never told twice. The counting is one
function from rows to numbers, so that `audit --digest` counts the same from the log.
"""

from collections.abc import Callable, Collection
from typing import Final

import msgspec

from watchdog.engine.ordered import is_order
from watchdog.engine.turn import Turn
from watchdog.engine.week import OfRule, Open, Week
from watchdog.model.effects import Audit
from watchdog.model.notices import NoticeKind, Severity
from watchdog.model.records import AuditRow
from watchdog.model.weekly import Weekly

MOST: Final = 1_000
"""So many rules are counted, and so many things that dry-run left out are followed; what is more is left out."""
NAMED: Final = 10
"""So many rules are named in each sentence."""
THREAD: Final = "digest"
_ENDS: Final = ("ended", "verified", "unverified", "failed", "abandoned")
_OVER: Final = "no longer wanted"


def counted(week: Week, row: AuditRow) -> Week:
    """The week with that row in it; the very same where it says nothing of a rule's doing."""
    if not row.rule or is_order(row.rule) or (row.rule not in week.rules and len(week.rules) >= MOST):
        return week
    mine = week.rules.get(row.rule, OfRule())
    key = f"{row.rule}|{row.target}"
    left = week.open.get(key)
    match row.kind, row.outcome:
        case "alert", "firing":
            return _with(week, row.rule, _plus(mine, "fired"))
        case "alert", "resolved" if left is not None:
            others = {other: one for other, one in week.open.items() if other != key}
            came = "lasted" if row.wall >= left.until_wall else "by_itself"
            return msgspec.structs.replace(_with(week, row.rule, _plus(mine, came)), open=others)
        case "incident", "opened":
            return _with(week, row.rule, _plus(mine, "begun"))
        case "incident", outcome if outcome in _ENDS:
            return _with(week, row.rule, _plus(mine, outcome))
        case "would", _ if row.decision != "ASK":
            # That a person would be asked is a decision, and counted as one.
            return _would(week, row, mine, key, left)
        case "decision", outcome if outcome == _OVER and row.decision in ("DENY", "ASK"):
            return _with(week, row.rule, _plus(mine, "by_itself"))
        case "decision", "":
            return _decided(week, row, mine)
    return week


def take(turn: Turn) -> None:
    """Counts what this turn has written down."""
    week = turn.ledger.week
    for effect in turn.effects:
        if isinstance(effect, Audit):
            week = counted(week, effect.row)
    if week is not turn.ledger.week:
        turn.set(week=week)


def load(turn: Turn) -> None:
    """Rules and config have been loaded: when the next one is due. One that fell due while no agent ran is due at once."""
    week, weekly = turn.ledger.week, turn.rules.weekly
    if weekly is None:
        later = msgspec.structs.replace(week, due_wall=None, due_at=None, plan="")
    elif week.plan != str(weekly) or week.due_wall is None:
        later = _next(msgspec.structs.replace(week, since_wall=week.since_wall or turn.wall), weekly, turn)
    else:
        later = msgspec.structs.replace(week, due_at=_engine_time(turn, week.due_wall))
    if later != week:
        turn.set(week=later)


def forget_when(turn: Turn) -> None:
    """The agent begins: until its rules are loaded nothing is due."""
    if turn.ledger.week.due_at is not None:
        turn.set(week=msgspec.structs.replace(turn.ledger.week, due_at=None))


def send_if_due(turn: Turn) -> None:
    """Tells everybody once it is time."""
    week, weekly = turn.ledger.week, turn.rules.weekly
    if weekly is None or week.due_at is None or week.due_wall is None or week.due_at > turn.at:
        return
    if turn.wall < week.due_wall:
        # The clock has been set back, or runs slower than engine time.
        turn.set(week=msgspec.structs.replace(week, due_at=_engine_time(turn, week.due_wall)))
        return
    lines = told(week, tuple(rule.name for rule in turn.rules.rules), until=turn.wall)
    turn.audit("agent", outcome="digest", reason=lines[0])
    turn.notify(
        turn.everybody(), thread=THREAD, kind=NoticeKind.DIGEST, severity=Severity.INFO, title=lines[0], reason="\n".join(lines[1:])
    )
    turn.set(week=_next(Week(since_wall=turn.wall, open=week.open), weekly, turn))


def told(week: Week, rules: Collection[str], *, until: int) -> tuple[str, ...]:
    """The digest in sentences, the first of them its headline; `rules` are those in force."""
    every = week.rules.values()
    days = max(1, round((until - week.since_wall) / 86_400_000)) if week.since_wall else 7
    begun, would = sum(one.begun for one in every), sum(one.would for one in every)
    denials: dict[str, int] = {}
    for one in every:
        for guard, times in (*one.denied.items(), *one.asked.items()):
            denials[guard or "mode ask"] = denials.get(guard or "mode ask", 0) + times
    fired = sum(one.fired for one in every)
    never_right = [name for name, one in week.rules.items() if one.was_wrong and not one.was_right]
    silent = [name for name in rules if name not in week.rules or not week.rules[name].fired]
    lines = [
        f"{_days(days)}: {_times(fired, 'alert')}, {begun} acted upon, {would} would have been (dry-run), {sum(denials.values())} held back",
        _sentence("done", week, lambda one: one.begun, _became),
        _sentence("dry-run would have done", week, lambda one: one.would, _needed),
        _listed("held back by", [f"{guard} {times}" for guard, times in sorted(denials.items(), key=lambda each: (-each[1], each[0]))]),
        _listed("never right", [f"{name} ({_why_wrong(week.rules[name])})" for name in never_right]),
        _listed("never fired", silent),
    ]
    return tuple(line for line in lines if line)


def _would(week: Week, row: AuditRow, mine: OfRule, key: str, left: Open | None) -> Week:
    until = row.would_at if row.would_at is not None else row.wall
    if left is not None and left.incident == row.incident:
        longer = Open(row.incident, max(left.until_wall, until))
        return msgspec.structs.replace(week, open={**week.open, key: longer})
    week = _with(week, row.rule, _plus(mine, "would"))
    if left is None and len(week.open) >= MOST:
        return week
    return msgspec.structs.replace(week, open={**week.open, key: Open(row.incident, until)})


def _decided(week: Week, row: AuditRow, mine: OfRule) -> Week:
    match row.decision:
        case "DENY":
            return _with(week, row.rule, msgspec.structs.replace(mine, denied=_one_more(mine.denied, row.guard)))
        case "ASK":
            return _with(week, row.rule, msgspec.structs.replace(mine, asked=_one_more(mine.asked, row.guard)))
    return week


def _next(week: Week, weekly: Weekly, turn: Turn) -> Week:
    due_wall = weekly.after(turn.wall)
    return msgspec.structs.replace(week, due_wall=due_wall, due_at=_engine_time(turn, due_wall), plan=str(weekly))


def _engine_time(turn: Turn, wall: int) -> int:
    return turn.at + max(0, wall - turn.wall)


def _with(week: Week, rule: str, mine: OfRule) -> Week:
    return msgspec.structs.replace(week, rules={**week.rules, rule: mine})


def _plus(mine: OfRule, name: str) -> OfRule:
    return msgspec.structs.replace(mine, **{name: getattr(mine, name) + 1})


def _one_more(book: dict[str, int], name: str) -> dict[str, int]:
    return {**book, name: book.get(name, 0) + 1}


def _sentence(begins: str, week: Week, how_often: Callable[[OfRule], int], became: Callable[[OfRule], str]) -> str:
    there = sorted(((name, one) for name, one in week.rules.items() if how_often(one)), key=lambda each: (-how_often(each[1]), each[0]))
    return _listed(
        begins,
        [f"{name} {how_often(one)} times{became(one)}" if how_often(one) > 1 else f"{name} once{became(one)}" for name, one in there],
    )


def _became(one: OfRule) -> str:
    parts = [f"{getattr(one, name)} {name}" for name in _ENDS if getattr(one, name)]
    return f" ({', '.join(parts)})" if parts else ""


def _needed(one: OfRule) -> str:
    parts = [f"{one.lasted} needed"] if one.lasted else []
    parts += [f"{one.by_itself} ended before"] if one.by_itself else []
    return f" ({', '.join(parts)})" if parts else ""


def _why_wrong(one: OfRule) -> str:
    parts = [f"{one.by_itself} ended by themselves before"] if one.by_itself else []
    parts += [f"{one.unverified} times it did not help"] if one.unverified else []
    parts += [f"{one.failed} failed"] if one.failed else []
    return ", ".join(parts)


def _listed(begins: str, items: list[str]) -> str:
    if not items:
        return ""
    more = f", and {len(items) - NAMED} more" if len(items) > NAMED else ""
    return f"{begins}: {', '.join(items[:NAMED])}{more}"


def _days(days: int) -> str:
    return "a day" if days == 1 else f"{days} days"


def _times(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
