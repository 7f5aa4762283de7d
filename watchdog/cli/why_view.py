"""
Why a rule says what it says of an entity, and why nothing is done about it, as lines: for `why` and for `top`.

The counterpart of `engine/why.py`, which finds it. What decides comes first, on every level; the answer is in the first lines, and what it rests on below.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from watchdog.cli.output import Piece, count
from watchdog.cli.runbook_view import runbook_lines
from watchdog.lang.display import lasting
from watchdog.lang.moment import day_and_time
from watchdog.picture.told import told_of
from watchdog.web.views.why import AlertNow, GuardSaid, Part, Why

Row = Sequence[Piece]
_TRUTHS: Final = {"true": "good", "false": "warn", "unknown": "bad", "gone": "bad"}
_DECISIONS: Final = {
    "ALLOW": ("would be done", "good"),
    "DRY_RUN": ("would be said, and not done: the mode is dry-run", "warn"),
    "ASK": ("a person would be asked first", "warn"),
    "DENY": ("would not be done now", "warn"),
}
_ANSWERS: Final = {"DENY": ("denies", "bad"), "ASK": ("asks", "warn"), "PASS": ("passes", "good")}
_DECIDES: Final = "> "


def why_lines(why: Why, *, wall: int) -> Iterator[Row]:
    """All of it; `wall` (UTC milliseconds) is when it was so."""
    yield (why.rule, "strong"), f" on {why.entity} ({why.kind})", *_mode(why)
    yield from _verdict(why)
    yield from _alert(why)
    yield from _action(why, wall=wall)
    yield _told(why)
    if why.condition is not None:
        yield ("",)
        yield (("Condition", "strong"), *_on(why))
        yield from _part(why.condition, 1, decides=True)
    if why.runbook:
        yield ("",)
        yield from runbook_lines(why.runbook)
    if why.guards:
        yield ("",)
        yield ((f"Guards of {why.action}", "strong"), f" on {why.target}")
        yield from _guards(why.guards)


def in_short(why: Why) -> Row:
    """The answer alone, on one line."""
    return next(_verdict(why))


def _mode(why: Why) -> Iterator[Piece]:
    yield ", mode "
    yield why.mode, "strong"
    if why.armed is not None:
        since = f" since {day_and_time(why.armed.since)} UTC" if why.armed.since else ""
        yield f" (armed by {why.armed.by}{since}: {why.armed.reason}; its file says {why.armed.file})"


def _on(why: Why) -> Iterator[Piece]:
    if why.on is not None:
        yield f", asked when {why.on} happens"


def _verdict(why: Why) -> Iterator[Row]:
    match why.truth:
        case "gone":
            yield ("It is gone", "bad"), f": there is no such {why.kind} in the picture any more, so nothing is judged"
        case "unknown" if why.blind:
            yield (
                ("Unknown", "bad"),
                f": {', '.join(why.blind)} can't be read, and the condition rests on it; nothing is begun and nothing is over",
            )
        case _ if why.condition is not None:
            part = _leaf(why.condition)
            word = {"true": ("It holds", "good"), "false": ("It does not hold", "warn")}.get(why.truth, ("Unknown", "bad"))
            yield word, ": ", *_because(part)
        case _:
            yield ((f"It is {why.truth}", _TRUTHS.get(why.truth, "")),)


def _leaf(part: Part) -> Part:
    """The part that decides in the end."""
    while part.deciding is not None and part.deciding < len(part.parts) and part.parts[part.deciding].truth is not None:
        part = part.parts[part.deciding]
    return part


def _because(part: Part) -> Iterator[Piece]:
    yield part.text, "strong"
    values = ", ".join(f"{text} is {value}" for text, value in _values(part))
    match part.truth:
        case "true":
            yield f" is true{_by(part)}"
        case "false":
            yield f" is false{_by(part)}"
        case _:
            yield " can't be known"
    if values:
        yield f"; {values}"


def _by(part: Part) -> str:
    return "" if part.margin is None else f" by {part.margin.lstrip('+-')}"


def _values(part: Part) -> Iterator[tuple[str, str]]:
    """What was read for it; of what is calculated the result alone."""
    for inner in part.parts:
        if inner.truth is None:
            yield inner.text, inner.value


def _alert(why: Why) -> Iterator[Row]:
    alert = why.alert
    if alert is None:
        return
    since = f"since {day_and_time(alert.since_wall)} UTC ({lasting(alert.since_ms)})"
    yield ("It fires", "bad") if alert.phase == "firing" else ("It is pending", "warn"), f" {since}{_what_next(alert)}"
    if why.incident is not None:
        one = why.incident
        held = f", held: {one.held}" if one.held else ""
        yield "Incident ", (one.id, "strong"), f": {one.action} on {one.target}, at {one.stage}{held}"


def _what_next(alert: AlertNow) -> str:
    if alert.next_in_ms is not None:
        word = "fires" if alert.next == "firing" else "is over"
        return f"; it {word} in {lasting(alert.next_in_ms)} if all stays as it is"
    if alert.phase == "pending" and alert.enough_ms:
        return f"; {lasting(alert.counted_ms)} of {lasting(alert.enough_ms)} have passed, and they do not go on"
    return ""


def _action(why: Why, *, wall: int) -> Iterator[Row]:
    if why.action is None:
        if why.incident is None:
            yield ("Nothing more is to be done: the rule only tells, or its step was taken",)
        return
    if why.decision is None:
        yield (f"{why.action} on {why.target} is not even asked for: the mode is observe",)
        return
    said, style = _DECISIONS.get(why.decision, (why.decision, ""))
    lead = "" if why.truth == "true" and why.alert is not None and why.alert.phase == "firing" else "If it fired now: "
    yield f"{lead}{why.action} on {why.target} ", (said, style), *_stands_in_the_way(why.guards)
    yield ("When: ", "dim"), _when(why, wall=wall)


def _stands_in_the_way(guards: Sequence[GuardSaid]) -> Iterator[Piece]:
    against = [one for one in guards if one.answer == "DENY"] or [one for one in guards if one.answer == "ASK"]
    if against:
        more = f", and {count(len(against) - 1, 'more guard')}" if len(against) > 1 else ""
        yield f" ({against[0].guard}: {against[0].reason}{more})"


def _when(why: Why, *, wall: int) -> str:
    """When it could be done at the earliest."""
    if why.truth != "true":
        return "not before the condition holds"
    denied = [one for one in why.guards if one.answer == "DENY"]
    waits = [one.until_ms for one in denied if one.until_ms is not None]
    if why.alert is not None and why.alert.phase == "pending":
        if why.alert.next_in_ms is None:
            return "not before it fires"
        waits.append(why.alert.next_in_ms)
    asks = "; a person must say yes first" if any(one.answer == "ASK" for one in why.guards) or why.decision == "ASK" else ""
    if endless := [one.guard for one in denied if one.until_ms is None]:
        return f"not before something changes for {', '.join(endless)}{asks}"
    if not waits:
        return f"now{asks}"
    return f"in {lasting(max(waits))} at the earliest, {day_and_time(wall + max(waits))} UTC{asks}"


def _told(why: Why) -> Row:
    if why.alert is not None and (told := told_of(why.alert.telling)):
        return ("Told: ", "dim"), told
    if why.tells:
        return ("Would be told: ", "dim"), ", ".join(why.tells)
    return ("Would be told: ", "dim"), ("nobody", "warn"), ": neither the rule nor a route names a receiver"


def _part(part: Part, depth: int, *, decides: bool) -> Iterator[Row]:
    mark = _DECIDES if decides else "  "
    lead, indent = f"  {mark}", "  " * (depth - 1)
    if part.truth is None:
        yield f"  {mark}{'':<8}{indent}{part.text}  ", (part.value, "dim")
    else:
        margin = "" if part.margin is None or _is_joined(part) else f"  {part.margin}"
        values = "  ".join(f"{value}" for _, value in _values(part))
        yield (
            lead,
            (f"{part.truth:<8}", _TRUTHS.get(part.truth, "")),
            f"{indent}{part.text}",
            (f"  {values}" if values else "", "strong"),
            (margin, "dim"),
        )
    for place, inner in _first_what_decides(part):
        if inner.truth is not None or inner.parts:
            yield from _part(inner, depth + 1, decides=decides and place == part.deciding)


def _is_joined(part: Part) -> bool:
    """Whether it is made of statements, whose margins stand at them."""
    return any(inner.truth is not None for inner in part.parts)


def _first_what_decides(part: Part) -> list[tuple[int, Part]]:
    return sorted(enumerate(part.parts), key=lambda one: one[0] != part.deciding)


def _guards(guards: Sequence[GuardSaid]) -> Iterator[Row]:
    against = [one for one in guards if one.answer != "PASS"]
    width = max((len(one.guard) for one in against), default=0)
    for one in against:
        until = "" if one.until_ms is None else f" (for {lasting(one.until_ms)} more)"
        word, style = _ANSWERS.get(one.answer, (one.answer, ""))
        yield f"  {one.guard:<{width}}  ", (f"{word:<6}", style), f"  {one.reason}{until}"
    if passed := len(guards) - len(against):
        yield ((f"  {'all' if not against else 'the other'} {passed} pass" if passed > 1 else "  the other one passes", "good"),)
