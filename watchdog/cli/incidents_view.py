"""Incidents for people and for programs: a list of them, and the story of one."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from watchdog.cli.output import Output, Piece, count
from watchdog.cli.runbook_view import runbook_lines
from watchdog.lang.display import display, lasting
from watchdog.model.kinds import Type
from watchdog.store.moments import rfc3339

if TYPE_CHECKING:
    from watchdog.timeline.timeline import Brief, Jobs, Timeline

HEADINGS: Final = ("INCIDENT", "BEGAN", "LASTED", "OUTCOME", "RULE", "TARGET", "ACTION")
_OUTCOMES: Final = {
    "open": "warn", "firing": "bad", "held": "bad", "failed": "bad", "unverified": "bad", "abandoned": "warn", "would": "warn", "verified": "good", "ended": "good",
    "resolved": "good",
}  # fmt: skip
_KINDS: Final = {"reading": "dim", "rule": "strong", "guard": "warn", "delivery": "dim", "agent": "dim", "person": "strong"}
_WIDTH: Final = 12


def cells(one: "Brief", *, now: int) -> tuple[Piece, ...]:
    """One of the list; what goes on is told by how long it does as of that wall time."""
    lasted = lasting((now if one.ended is None else one.ended) - one.began)
    return (
        one.id, rfc3339(one.began), f"{lasted} so far" if one.ended is None else "" if one.outcome == "would" else lasted, (one.outcome, _OUTCOMES.get(one.outcome, "")),
        (one.rule, "strong"), one.target or one.entity, one.action,
    )  # fmt: skip


def plain_brief(one: "Brief") -> dict[str, Any]:
    """The same for programs: times as RFC 3339 in UTC, null where there is none."""
    return {
        "id": one.id, "rule": one.rule, "entity": one.entity, "target": one.target, "action": one.action, "began": rfc3339(one.began),
        "ended": _at(one.ended), "outcome": one.outcome, "last": one.last,
    }  # fmt: skip


def show_story(out: Output, story: "Timeline", *, now: int) -> None:
    """All that is known of one."""
    out.line((f"incident {story.incident}", "strong"), f"  {story.summary}")
    for name, value, style in _facts(story, now):
        out.line(f"  {name:<{_WIDTH}}", (value, style))
    out.line("")
    for moment in story.entries:
        row = f"{moment.row:>6}" if moment.row is not None else " " * 6
        out.line((f"{row}  {rfc3339(moment.wall)}", "dim"), f"  {moment.kind:<{_WIDTH}}  ", (moment.text, _KINDS.get(moment.kind, "")))
    if story.cut:
        out.line((f"{count(story.cut, 'moment')} in the middle left out: sidekiq-watchdog audit --incident {story.incident}", "dim"))
    if story.runbook:
        out.line("")
        for line in runbook_lines(story.runbook):
            out.line(*line)
    for lack in story.missing:
        out.line(("not known: ", "warn"), lack)


def _facts(story: "Timeline", now: int) -> Iterator[tuple[str, str, str]]:
    """What it is about, a line each: name, value, style."""
    yield "rule", f"{story.rule}{f' ({story.severity})' if story.severity else ''}", ""
    yield "entity", story.entity, ""
    if story.action:
        yield "action", f"{story.action} on {story.target}", ""
    if story.condition:
        yield "condition", story.condition, ""
    if story.seen:
        yield "read", "; ".join(story.seen), ""
    yield "began", rfc3339(story.began), ""
    yield "outcome", f"{story.outcome}{_ended(story, now)}", _OUTCOMES.get(story.outcome, "")
    if story.jobs is not None:
        yield "jobs", jobs_in_words(story.jobs), "bad" if story.jobs.lost or story.jobs.unnamed else ""
    for queue in story.queues:
        yield (
            "queue",
            f"{queue.queue}: up to {display(queue.size, Type.COUNT)} waited, the next for {lasting(queue.latency)} at {rfc3339(queue.at)}",
            "",
        )
    for kept in story.evidence:
        yield (
            "evidence",
            f"{', '.join(kept.pieces) or 'nothing'} of {kept.process}, until {rfc3339(kept.until)}: sidekiq-watchdog evidence {story.incident}",
            "",
        )
    yield "told", ", ".join(story.told) or "nobody", "" if story.told else "warn"
    if story.next:
        yield "next", story.next, "warn"


def jobs_in_words(jobs: "Jobs") -> str:
    """The numbers that are not 0."""
    words = {
        "finished": "finished",
        "given_back": "given back",
        "put_back": "put back",
        "quarantined": "in quarantine",
        "left": "left",
        "lost": "NOT put back",
    }
    numbers = [f"{getattr(jobs, name)} {word}" for name, word in words.items() if getattr(jobs, name)]
    numbers += [f"up to {jobs.unnamed} unknown"] if jobs.unnamed else []
    begins = f"{jobs.in_flight} in flight: " if jobs.in_flight is not None else ""
    return f"{begins}{', '.join(numbers) or 'none'}"


def _ended(story: "Timeline", now: int) -> str:
    if story.outcome == "would":
        return f", and it was over after {lasting(story.resolved - story.began)}" if story.resolved is not None else ""
    if story.ended is None:
        return f", for {lasting(now - story.began)} so far"
    return f" at {rfc3339(story.ended)}, after {lasting(story.ended - story.began)}"


def plain_story(story: "Timeline") -> dict[str, Any]:
    """For programs: all of it, with times as RFC 3339 in UTC."""
    import msgspec

    said: dict[str, Any] = msgspec.to_builtins(story)
    said |= {name: _at(said[name]) for name in ("began", "opened", "ended", "resolved")}
    said["entries"] = [{"at": rfc3339(entry.pop("wall")), **entry} for entry in said["entries"]]
    said["queues"] = [{**queue, "at": rfc3339(queue["at"])} for queue in said["queues"]]
    said["evidence"] = [{**kept, "taken": rfc3339(kept["taken"]), "until": rfc3339(kept["until"])} for kept in said["evidence"]]
    return said


def _at(wall: int | None) -> str | None:
    return None if wall is None else rfc3339(wall)
