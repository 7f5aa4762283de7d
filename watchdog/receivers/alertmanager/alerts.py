"""
From a dispatch to alerts as Alertmanager knows them, and to what has to be remembered of them. Pure.

Alertmanager wants each alert by itself, again and again while it fires: it takes what it is not told of for over at `endsAt`, and forgets all alerts when it is started anew. So it is shown every alert of the card each time, as it stands, and not what has
happened since. That is idempotent: whatever arrives twice or is sent again changes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from watchdog.lang.harmless import harmless, harmless_lines
from watchdog.model.cards import Card, Entry
from watchdog.model.notices import Notice
from watchdog.model.runbook import BRIEF, LABEL, brief, is_text
from watchdog.receivers.alertmanager.labels import MORE, ends, labels_of
from watchdog.receivers.folding import fold
from watchdog.receivers.message.message import Section
from watchdog.receivers.message.words import message_of
from watchdog.receivers.receiver import Dispatch
from watchdog.store.moments import rfc3339

PREFIX: Final = "alert:"
"""What the name of a line begins with that is remembered of an alert; its thread follows."""
MOST: Final = 1_000
"""So many alerts of a group are remembered; one beyond it is told of as long as the card shows it."""
PERIODS: Final = 4
"""What is not told again is over after so many times the time between two tellings: three may fail, as with Prometheus."""
_LINE: Final = 300
_REST: Final = ""
"""Instead of a thread: the alert that stands for those that there is no room for."""


class Known(msgspec.Struct, frozen=True):
    """An alert that Alertmanager has been told of and that is not over, as far as we know. `since` is UTC milliseconds; `labels` never change."""

    labels: dict[str, str]
    since: int
    annotations: dict[str, str]
    url: str = ""


class Alert(msgspec.Struct, frozen=True):
    """One alert as it stands: `until` is when it was over, or for how long it holds if it is not told again (UTC milliseconds)."""

    known: Known
    until: int
    is_over: bool = False

    def as_posted(self) -> dict[str, Any]:
        """As the API v2 wants it (`postableAlert`)."""
        known = self.known
        return {
            "labels": known.labels,
            "annotations": known.annotations,
            # It refuses one that ends before it has begun.
            "startsAt": rfc3339(min(known.since, self.until)),
            "endsAt": rfc3339(self.until),
            **({"generatorURL": known.url} if known.url else {}),
        }


class Report(msgspec.Struct, frozen=True):
    """What is sent, each alert once, and the lines to be remembered once it has arrived (an empty one is forgotten)."""

    alerts: tuple[Alert, ...]
    lines: Mapping[str, str]


def report_of(dispatch: Dispatch, *, now: int, every: int) -> Report:
    """What a dispatch says at that moment; `every` is the time between two tellings (milliseconds)."""
    before = {
        name.removeprefix(PREFIX): msgspec.json.decode(line, type=Known)
        for name, line in dispatch.posted.items()
        if name.startswith(PREFIX)
    }
    holds = now + PERIODS * every
    after: dict[str, Known] = {}
    alerts: list[Alert] = []
    fresh = {notice.thread for notice in dispatch.notices}
    unseen = {thread: known for thread, known in before.items() if thread != _REST}
    beside = tuple(_beside(dispatch))
    for entry in (*dispatch.card.entries, *beside):
        was = unseen.pop(entry.thread, None)
        known = _known(entry, was)
        if not ends(entry):
            alerts.extend([Alert(known, holds)] if entry.thread in fresh else ())
        elif entry.over is None:
            alerts.append(Alert(known, holds))
            after[entry.thread] = known
        elif was is not None or entry.thread in fresh:
            alerts.append(Alert(known, min(entry.over, now), is_over=True))
    if dispatch.card.more:
        # There is no room for them on the card any more, but they may well go on.
        after |= unseen
        alerts.extend(Alert(known, holds) for known in unseen.values())
        unseen = {}
    unknown = dispatch.card.more - (len(after) - sum(entry.over is None and ends(entry) for entry in dispatch.card.entries))
    if unknown > 0:
        after[_REST] = _rest(dispatch.card, before.get(_REST), unknown, now)
        alerts.append(Alert(after[_REST], holds))
    elif _REST in before:
        unseen[_REST] = before[_REST]
    alerts.extend(Alert(known, now, is_over=True) for known in unseen.values())
    return Report(tuple(_each_once(alerts)), _changes(before, after))


def _beside(dispatch: Dispatch) -> Iterator[Entry]:
    """What the notices say of alerts that the card has no room for."""
    there = {entry.thread for entry in dispatch.card.entries}
    threads: dict[str, list[Notice]] = {}
    for notice in dispatch.notices:
        if notice.thread not in there:
            threads.setdefault(notice.thread, []).append(notice)
    for notices in threads.values():
        yield from fold(Card(group=dispatch.group), notices).entries


def _known(entry: Entry, was: Known | None) -> Known:
    section = message_of(Card(group="", entries=(entry,))).sections[0]
    urls = {link.label: link.url for link in section.links}
    annotations = {"summary": harmless(entry.title, _LINE), "description": _description(section)}
    if "runbook" in urls:
        annotations["runbook_url"] = urls["runbook"]
    elif is_text(entry.runbook):
        annotations["runbook"] = harmless_lines(brief(entry.runbook), BRIEF)
    return Known(
        labels=labels_of(entry) if was is None else was.labels,
        since=(entry.since or entry.first) if was is None else was.since,
        annotations={name: text for name, text in annotations.items() if text},
        url=urls.get("page", ""),
    )


def _description(section: Section) -> str:
    return "\n".join(f"{fact.label}: {fact.value}" if fact.label else fact.value for fact in section.facts if fact.label != LABEL)


def _rest(card: Card, was: Known | None, number: int, now: int) -> Known:
    labels = {"alertname": MORE, "severity": card.severity.value, "group": harmless(card.group, _LINE)} if was is None else was.labels
    return Known(labels, now if was is None else was.since, {"summary": f"{number:,} more alerts go on that are not shown one by one"})


def _each_once(alerts: Iterable[Alert]) -> Iterator[Alert]:
    """Two of the same labels are one to Alertmanager: what goes on counts, else what was over last."""
    by_labels: dict[tuple[tuple[str, str], ...], Alert] = {}
    for alert in alerts:
        key = tuple(sorted(alert.known.labels.items()))
        other = by_labels.get(key)
        if other is None or (not other.is_over, other.until) <= (not alert.is_over, alert.until):
            by_labels[key] = alert
    yield from by_labels.values()


def _changes(before: Mapping[str, Known], after: Mapping[str, Known]) -> dict[str, str]:
    kept = dict(list(after.items())[:MOST])
    forgotten = {f"{PREFIX}{thread}": "" for thread in before if thread not in kept}
    written = {f"{PREFIX}{thread}": msgspec.json.encode(known).decode() for thread, known in kept.items() if before.get(thread) != known}
    return forgotten | written
