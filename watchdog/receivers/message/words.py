"""
A card and a notice in words: short, plain, and the first line says what matters to somebody who has just been woken.

Every text in it is made harmless here; nothing in a notice is an argument of a job. Times are those of the zone of this machine, named with it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from typing import Final

from watchdog.lang.display import display
from watchdog.model.cards import Card, Entry, Standing
from watchdog.model.kinds import Type
from watchdog.model.notices import Notice, NoticeKind, Severity
from watchdog.receivers.message.harmless import harmless, harmless_lines
from watchdog.receivers.message.links import link
from watchdog.receivers.message.message import Fact, Link, Message, Section

MOST: Final = 10
"""So many alerts are shown of a card; the rest is counted."""
WHOLE: Final = 3
"""Of so many alerts everything is said; of more than these only what tells them apart."""
LINE: Final = 250
"""Characters of a headline, or of a line in a thread."""
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


def message_of(card: Card, *, missed: int = 0, zone: tzinfo | None = None) -> Message:
    """All that a receiver shows of a group; `missed` turns of the story could not be told in time."""
    entries = sorted(card.entries, key=_urgency)
    sections = tuple(_section(entry, zone, of=len(entries)) for entry in entries[:MOST])
    return Message(_headline(card, entries), card.severity, card.is_over, sections, tuple(_notes(card, entries[MOST:], missed)))


def line_of(notice: Notice, *, zone: tzinfo | None = None) -> str:
    """One turn of the story, for a thread."""
    parts = [f"{_clock(notice.at, zone)} {harmless(notice.title, LINE)}"]
    if notice.by and notice.by not in notice.title:
        parts.append(f"by {harmless(notice.by, 80)}")
    if notice.reason and notice.reason not in notice.title and notice.kind is not NoticeKind.DIGEST:
        parts.append(harmless(notice.reason, LINE))
    if notice.next:
        parts.append(f"next: {harmless(notice.next, LINE)}")
    return "; ".join(parts)


def moment(wall: int, zone: tzinfo | None = None) -> str:
    """UTC milliseconds as a time of that zone (of this machine where none is given), with its name: `2026-03-01 03:10:05 CET`."""
    there = _there(wall, zone)
    return f"{there:%Y-%m-%d %H:%M:%S} {there:%Z}"


def _urgency(entry: Entry) -> tuple[int, int, int]:
    return _RANK[entry.standing], -list(Severity).index(entry.severity), entry.first


def _headline(card: Card, entries: list[Entry]) -> str:
    word = _OVER if card.is_over else card.severity.upper()
    total = len(entries) + card.more + card.more_over
    if not entries:
        return f"{word} {harmless(card.group, LINE)}"
    first = entries[0]
    if total == 1:
        return (
            harmless(f"{word} {_named(first)}{_place(first)}: {_state(first)}", LINE)
            if first.rule
            else harmless(f"{word} {first.title}", LINE)
        )
    open_ = sum(entry.over is None for entry in entries) + card.more
    rules = {entry.rule for entry in entries}
    what = f"{next(iter(rules))}: " if len(rules) == 1 and first.rule else ""
    counted = _counted(entries, card.more)
    if card.is_over:
        return harmless(f"{word} {what}all {total} alerts are over; the first was {_named(first)}", LINE)
    return harmless(
        f"{word} {what}{open_} of {total} alerts go on ({counted}); first {_named(first)}{_place(first)}: {_state(first)}", LINE
    )


def _counted(entries: Iterable[Entry], more: int) -> str:
    counts = Counter(_STATES[entry.standing] for entry in entries if entry.over is None)
    if more:
        counts["not shown"] += more
    return ", ".join(f"{number} {state}" for state, number in counts.items())


_STATES: Final = {
    Standing.FIRING: "nothing done", Standing.ASKING: "waiting for a person", Standing.ACTING: "being acted upon", Standing.HELD: "left half-way",
    Standing.VERIFIED: "helped", Standing.FAILED: "not helped", Standing.RESOLVED: "over",
}  # fmt: skip


def _state(entry: Entry) -> str:
    """How it stands, in a few words; with the account of its jobs where something was done."""
    jobs = f", {entry.jobs}" if entry.jobs else ""
    match entry.standing:
        case Standing.FIRING:
            return _undone(entry)
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
            return f"over after {_lasted(entry)}{jobs}"


def _undone(entry: Entry) -> str:
    match entry.decision:
        case "DENY":
            return f"{entry.action} not done ({entry.guard})"
        case "DRY_RUN":
            return f"{entry.action} would be done (dry-run)"
        case "ASK":
            return f"a person would be asked about {entry.action} (dry-run)"
    if entry.acknowledged:
        return f"seen by {entry.acknowledged}"
    return "nothing is done"


def _named(entry: Entry) -> str:
    return entry.title or entry.rule


def _place(entry: Entry) -> str:
    """Where it is, as far as its title has not said so."""
    host, _, inner = (entry.target or entry.host).partition("/")
    unsaid = [part for part in (host, inner) if part and part not in entry.title]
    return f" ({'/'.join(unsaid)})" if unsaid else ""


def _section(entry: Entry, zone: tzinfo | None, *, of: int) -> Section:
    # Of a single one the headline has said it.
    state = () if of == 1 or not entry.rule else tuple(_fact("state", _state(entry)))
    facts = (*state, *(_facts(entry, zone) if of <= WHOLE else _few(entry, zone)))
    links = tuple(_links(entry)) if of <= WHOLE else ()
    return Section(harmless(_named(entry)), entry.standing, entry.severity, facts, links, entry.approval)


def _facts(entry: Entry, zone: tzinfo | None) -> Iterator[Fact]:
    yield from _fact("since", _since(entry, zone))
    yield from _fact("where", _where(entry))
    yield from _fact("rule", entry.rule)
    yield from _fact("why", entry.condition)
    yield from _fact("seen", "\n".join(entry.seen))
    yield from _fact("would do" if entry.decision in ("DRY_RUN", "ASK") else "plan", "\n".join(entry.plan))
    yield from _fact("done", "\n".join(entry.did[-_LATEST:]))
    yield from _fact("stopped by" if entry.guard else "because", ": ".join(part for part in (entry.guard, entry.reason) if part))
    yield from _fact("jobs", entry.jobs)
    yield from _fact("seen by", entry.acknowledged)
    yield from _fact("next", entry.next)
    yield from _fact("runbook", "" if link("runbook", entry.runbook) else entry.runbook)


def _few(entry: Entry, zone: tzinfo | None) -> Iterator[Fact]:
    yield from _fact("since", _since(entry, zone))
    yield from _fact("where", _where(entry))
    yield from _fact("next", entry.next if entry.standing in (Standing.ASKING, Standing.HELD, Standing.FAILED) else "")


def _fact(label: str, value: str) -> Iterator[Fact]:
    text = harmless_lines(value, _LONG)
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
    return f"{_there(wall, zone):%H:%M:%S}"


def _there(wall: int, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(wall / 1000, zone).astimezone(zone)
