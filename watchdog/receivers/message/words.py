"""
A card and a notice in words: short, plain, and the first line says what matters to somebody who has just been woken.

Every text in it is made harmless here; nothing in a notice is an argument of a job. Times are those of the zone of this machine, named with it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import tzinfo
from functools import reduce
from typing import Final

from watchdog.lang.display import display
from watchdog.lang.harmless import harmless, harmless_lines
from watchdog.lang.moment import on_calendar
from watchdog.model.cards import Card, Entry, Standing
from watchdog.model.kinds import Type
from watchdog.model.notices import Notice, NoticeKind, Severity
from watchdog.model.runbook import BRIEF, LABEL, brief, is_text
from watchdog.receivers.message.links import link
from watchdog.receivers.message.message import Fact, Link, Message, Section

MOST: Final = 10
"""So many alerts are shown of a card; the rest is counted."""
WHOLE: Final = 3
"""Of so many alerts everything is said; of more than these only what tells them apart."""
LINE: Final = 250
"""Characters of a headline."""
_LONG: Final = 500
_LATEST: Final = 5
"""So many of the last things done are told again."""
_RANK: Final = {
    Standing.ASKING: 0,
    Standing.HELD: 1,
    Standing.FAILED: 2,
    Standing.FIRING: 3,
    Standing.ACTING: 4,
    Standing.VERIFIED: 5,
    Standing.RESOLVED: 6,
}
"""Which of them a person has to see first."""
_OVER: Final = "OVER"
_ONLY_SAID: Final = "(dry-run)"
"""Stands in what would have been done."""
_APPROVAL: Final = "approval"
"""The guard that waits for the answer of a person: it is no ground of its own."""
_BRACKETS: Final = re.compile(r" \([^()]*\)")


def message_of(card: Card, *, missed: int = 0, zone: tzinfo | None = None) -> Message:
    """All that a receiver shows of a group; `missed` turns of the story could not be told in time."""
    entries = sorted(card.entries, key=_urgency)
    sections = tuple(_section(entry, zone, of=len(entries)) for entry in entries[:MOST])
    return Message(_headline(card, entries), card.severity, card.is_over, sections, tuple(_notes(card, entries[MOST:], missed)))


def line_of(notice: Notice, *, zone: tzinfo | None = None) -> str:
    """One turn of the story, for a thread."""
    title = notice.title
    parts = [f"{_clock(notice.at, zone)} {harmless(title, _LONG)}"]
    if notice.by and notice.by not in title:
        parts.append(f"by {harmless(notice.by, 80)}")
    is_told = notice.reason in title or notice.kind is NoticeKind.DIGEST or _is_remark(notice.decision, notice.guard)
    if not is_told:
        parts.append(harmless(notice.reason, LINE))
    # A question, and what is left half-way, have said in their title what to type.
    if notice.next not in title and not (notice.approval and notice.approval in title):
        parts.append(f"next: {harmless(notice.next, LINE)}")
    return "; ".join(parts)


def moment(wall: int, zone: tzinfo | None = None) -> str:
    """UTC milliseconds as a time of that zone (of this machine where none is given), with its name: `2026-03-01 03:10:05 CET`."""
    there = on_calendar(wall, zone)
    return f"{there:%Y-%m-%d %H:%M:%S} {there:%Z}"


def _urgency(entry: Entry) -> tuple[int, int, int]:
    return _RANK[entry.standing], -list(Severity).index(entry.severity), entry.first


def _headline(card: Card, entries: list[Entry]) -> str:
    word = card.severity.upper()
    if card.is_over:
        word = f"{_OVER} after {_lasted(entries[0])}:" if len(entries) == 1 and entries[0].since else _OVER
    total = len(entries) + card.more + card.more_over
    if not entries:
        return f"{word} {harmless(card.group, LINE)}"
    first = entries[0]
    if total == 1:
        state = f": {_state(first) if first.over is None else _end(first)}" if _is_alert(first) else ""
        return harmless(f"{word} {_called(first)}{state}", LINE)
    open_ = sum(entry.over is None for entry in entries) + card.more
    rules = {entry.rule for entry in entries}
    what = f"{next(iter(rules))}: " if len(rules) == 1 and first.rule else ""
    counted = _counted(entries, card.more)
    if card.is_over:
        return harmless(f"{word} {what}{total} alerts, all of them over; first {_called(first)}: {_end(first)}", LINE)
    return harmless(
        f"{word} {what}{open_} of {total} alerts {'goes' if open_ == 1 else 'go'} on ({counted}); first {_called(first)}: {_state(first)}",
        LINE,
    )


def _counted(entries: Iterable[Entry], more: int) -> str:
    counts = Counter(_STATES[entry.standing] for entry in entries if entry.over is None)
    if more:
        counts["not shown"] += more
    return ", ".join(f"{number} {state}" for state, number in counts.items())


_STATES: Final = {
    Standing.FIRING: "firing", Standing.ASKING: "waiting for a person", Standing.ACTING: "being acted upon", Standing.HELD: "left half-way",
    Standing.VERIFIED: "helped", Standing.FAILED: "not helped", Standing.RESOLVED: "over",
}  # fmt: skip


def _state(entry: Entry) -> str:
    """How it stands, in a few words; with the account of its jobs where something was done."""
    jobs = f", {_short(entry.jobs)}" if entry.jobs else ""
    match entry.standing:
        case Standing.FIRING:
            return ", ".join((_undone(entry), *((f"seen by {entry.acknowledged}",) if entry.acknowledged else ())))
        case Standing.ASKING:
            return f"waits for a person: {entry.action}" if entry.action else "waits for a person"
        case Standing.ACTING:
            return f"{entry.action} under way{jobs}" if entry.action else "under way"
        case Standing.HELD:
            return f"left half-way, {entry.reason}" if entry.reason else "left half-way"
        case Standing.VERIFIED:
            return f"{entry.action} helped{jobs}" if entry.action else f"helped{jobs}"
        case Standing.FAILED:
            return f"{entry.action} has not helped{jobs}" if entry.action else f"has not helped{jobs}"
        case Standing.RESOLVED:
            return f"over after {_lasted(entry)}, {_end(entry)}"


def _end(entry: Entry) -> str:
    """What was done about something that is over, with the account of its jobs."""
    match entry.decision:
        case "ALLOW":
            done = f"{entry.action} was done"
        case "DRY_RUN":
            done = f"{entry.action} would have been done (dry-run)"
        case _:
            done = "nothing was done"
    return ", ".join(part for part in (done, _short(entry.jobs)) if part)


def _short(jobs: str) -> str:
    """An account without what it says in brackets: where each of them was found."""
    return _BRACKETS.sub("", jobs)


def _undone(entry: Entry) -> str:
    match entry.decision:
        case "DENY":
            return f"{entry.action} not done ({entry.guard})"
        case "DRY_RUN":
            return f"{entry.action} would be done (dry-run)"
        case "ASK" if answered := _done(entry):
            return f"{entry.action} {answered[-1]}"
        case "ASK":
            return f"a person would be asked about {entry.action} (dry-run)"
    return "nothing is done by itself" if entry.next else "being checked"


def _named(entry: Entry) -> str:
    return entry.title or entry.rule


def _is_alert(entry: Entry) -> bool:
    """Whether it is about something that a rule looks at, and not what the agent says of itself or of a rule."""
    return bool(entry.rule and entry.entity)


def _called(entry: Entry) -> str:
    """What is wrong and where. What the agent says of itself begins with its host."""
    if _is_alert(entry):
        return f"{_named(entry)}{_place(entry)}"
    return entry.title if not entry.host or entry.host in entry.title else f"{entry.host}: {entry.title}"


def _done(entry: Entry) -> list[str]:
    """The last things that were done, without what the headline has said."""
    what = f"{entry.action} on {entry.target}: "
    # Of what is left half-way the reason and the ways out stand by themselves.
    said = [f": {entry.reason}" if entry.reason else "", f"; {entry.next}" if entry.next else ""]
    lines = [line.removeprefix(what) for line in entry.did if _ONLY_SAID not in line][-_LATEST:]
    return [reduce(lambda text, part: text.replace(part, "") if part else text, said, line) for line in lines]


def _ground(entry: Entry) -> tuple[str, str]:
    """Why it stands as it does."""
    told = ": ".join(part for part in (entry.guard, entry.reason) if part)
    if entry.standing is Standing.ASKING:
        return "asked because", entry.reason if entry.guard == _APPROVAL else told
    if entry.guard == _APPROVAL:
        return "stopped by", entry.reason
    if not _is_alert(entry) or entry.reason in entry.title:
        # The digest is all reason; of other things that the agent says of itself the title has said it.
        return "", "" if entry.reason in entry.title else entry.reason
    return "stopped by" if entry.guard else "because", told


def _is_remark(decision: str, guard: str) -> bool:
    """Of what is done, or would be, the reason says only which guards had nothing to look at: it stands in the audit log."""
    return decision in ("ALLOW", "DRY_RUN") and not guard


def _place(entry: Entry) -> str:
    """Where it is, as far as its title has not said so."""
    host, _, inner = (entry.target or entry.host).partition("/")
    unsaid = [part for part in (host, inner) if part and part not in entry.title]
    return f", {'/'.join(unsaid)}" if unsaid else ""


def _section(entry: Entry, zone: tzinfo | None, *, of: int) -> Section:
    # Of a single one the headline has said it.
    state = () if of == 1 or not _is_alert(entry) else tuple(_fact("state", _state(entry)))
    facts = (*state, *(_facts(entry, zone) if of <= WHOLE else _few(entry, zone)))
    links = tuple(_links(entry)) if of <= WHOLE else ()
    return Section(harmless(_named(entry)), entry.standing, entry.severity, facts, links, entry.approval)


def _facts(entry: Entry, zone: tzinfo | None) -> Iterator[Fact]:
    yield from _fact("since", _since(entry, zone))
    yield from _fact("where", _where(entry))
    yield from _fact("rule", entry.rule)
    yield from _fact("why", entry.condition)
    yield from _fact("seen", "\n".join(entry.seen))
    if entry.standing in (Standing.FIRING, Standing.ASKING):
        yield from _fact("would do", "\n".join(entry.plan))
    yield from _fact("done", "\n".join(_done(entry)))
    if not _is_remark(entry.decision, entry.guard):
        yield from _fact(*_ground(entry))
    yield from _fact("jobs", entry.jobs)
    yield from _fact("seen by", entry.acknowledged)
    yield from _fact("next", entry.next)
    if is_text(entry.runbook):
        # What is over needs nobody any more.
        yield from _fact(LABEL, "" if entry.over is not None else brief(entry.runbook), width=BRIEF)
    else:
        yield from _fact("runbook", "" if link("runbook", entry.runbook) else entry.runbook)


def _few(entry: Entry, zone: tzinfo | None) -> Iterator[Fact]:
    yield from _fact("since", _since(entry, zone))
    yield from _fact("where", _where(entry))
    yield from _fact("next", entry.next if entry.standing in (Standing.ASKING, Standing.HELD, Standing.FAILED) else "")


def _fact(label: str, value: str, *, width: int = _LONG) -> Iterator[Fact]:
    text = harmless_lines(value, width)
    if text:
        yield Fact(label, text, is_long="\n" in text)


def _since(entry: Entry, zone: tzinfo | None) -> str:
    if not entry.since:
        return ""
    if entry.over is not None:
        return f"{moment(entry.since, zone)}, until {_clock(entry.over, zone)}: {_lasted(entry)}"
    lasts = entry.last - entry.since
    return moment(entry.since, zone) + (f", {display(lasts, Type.DURATION)} before this" if lasts >= 1000 else "")


def _where(entry: Entry) -> str:
    """Its target, what it is about where that is something else, and the host of the agent where neither names it."""
    parts = [part for part in (entry.target, entry.entity) if part]
    named = " ".join(parts)
    if entry.host and entry.host not in named:
        parts.insert(0, entry.host)
    return ", ".join(dict.fromkeys(parts))


def _links(entry: Entry) -> Iterator[Link]:
    for label, url in (("page", entry.page), ("runbook", entry.runbook)):
        if (found := link(label, url)) is not None:
            yield found


def _notes(card: Card, unseen: list[Entry], missed: int) -> Iterator[str]:
    more = sum(entry.over is None for entry in unseen) + card.more
    over = sum(entry.over is not None for entry in unseen) + card.more_over
    if more:
        yield f"{_times(more, 'more alert')} not shown here"
    if over:
        yield f"{over} more that {'is' if over == 1 else 'are'} over"
    if missed:
        yield f"{_times(missed, 'message')} could not be sent in time; this is how it stands"
    if card.left_out:
        yield f"{_times(card.left_out, 'message')} had no room while nothing could be sent, and were thrown away"


def _lasted(entry: Entry) -> str:
    since = entry.since or entry.first
    return display(max(0, (entry.over if entry.over is not None else entry.last) - since), Type.DURATION)


def _times(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _clock(wall: int, zone: tzinfo | None) -> str:
    return f"{on_calendar(wall, zone):%H:%M:%S}"
