"""
An incident as a report that people read a week later: Markdown that can stand on a public page.

It has names of hosts, units, queues and classes of jobs, and no more of the machine than those: of evidence it says which there is, of messages only that somebody was told. What is not known is said.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from watchdog.engine.ordered import is_order
from watchdog.lang.display import display, lasting
from watchdog.model.kinds import Type
from watchdog.model.records import INCIDENT_OUTCOMES
from watchdog.model.runbook import LABEL, LONGEST
from watchdog.store.moments import rfc3339
from watchdog.timeline.escaping import escaped
from watchdog.timeline.following_up import follow_ups
from watchdog.timeline.timeline import Jobs, Moment, MomentKind, Timeline

_DONE: Final = frozenset({MomentKind.STEP, MomentKind.JOBS, MomentKind.VERIFICATION})
_JOBS: Final = {
    "finished": "finished by themselves",
    "given_back": "given back by Sidekiq itself",
    "put_back": "put back",
    "quarantined": "put into quarantine",
    "left": "left where they were found",
    "lost": "not put back: it is not sure that they ran, or what they were to do is not known",
    "unnamed": "more at most that no source can name",
}


def written(timeline: Timeline, *, host: str, now: int) -> str:
    """The report as of that wall time; `host` is where the agent runs, empty where that is not known."""
    return "\n".join(_lines(timeline, host, now))


def _lines(story: Timeline, host: str, now: int) -> Iterator[str]:
    yield f"# {rfc3339(story.began)[:10]}: {escaped(story.summary)}\n"
    yield f"Incident {escaped(story.incident)}{f' on {escaped(host)}' if host else ''}, as it stood at {rfc3339(now)}. All times are UTC.\n"
    yield "## Summary\n"
    yield from (f"- {line}" for line in _summary(story))
    yield "\n## Impact\n"
    yield from (f"- {line}" for line in _impact(story, now))
    yield "\n## Timeline\n"
    yield "| Time (UTC) | Part | What |"
    yield "|---|---|---|"
    yield from _table(story)
    if story.cut:
        yield f"\n{story.cut} more moments are left out; the audit log has them."
    yield "\n## What the agent did, and why\n"
    yield from _listed(_done(story), "Nothing.")
    yield "\n## What it did not do, and why\n"
    yield from _listed(_not_done(story), "Nothing stood in its way.")
    if story.runbook:
        yield f"\n## {LABEL.capitalize()}\n"
        yield from (escaped(line, LONGEST) for line in story.runbook.splitlines())
    yield "\n## Evidence\n"
    yield from _listed(
        (
            f"of {escaped(one.process)}: {', '.join(map(escaped, one.pieces)) or 'nothing'}; kept until {rfc3339(one.until)[:10]}"
            for one in story.evidence
        ),
        "None is kept.",
    )
    yield "\n## Follow-ups\n"
    yield from (f"- [ ] {escaped(line, 500)}" for line in follow_ups(story))
    for line in story.missing:
        yield f"\nNot known: {escaped(line, 500)}."
    yield ""


def _summary(story: Timeline) -> Iterator[str]:
    what = "What was ordered" if is_order(story.rule) else "What was wrong"
    yield f"{what}: {escaped(story.summary)} (rule {escaped(story.rule)}{f', severity {story.severity}' if story.severity else ''})."
    if story.condition:
        yield f"Its condition: {escaped(story.condition, 1_000)}"
    if story.seen:
        yield f"What was read: {'; '.join(map(escaped, story.seen))}."
    if story.action:
        yield f"What was {'to be done' if story.outcome == 'would' else 'done'}: {escaped(story.action)} on {escaped(story.target)}."
    yield f"How it stands: {_stands(story)}"


def _stands(story: Timeline) -> str:
    said = INCIDENT_OUTCOMES.get(
        story.outcome, "It still fires." if story.outcome == "firing" else "The alert is over; nothing was done about it by the agent."
    )
    return f"{story.outcome}. {said}"


def _impact(story: Timeline, now: int) -> Iterator[str]:
    if story.resolved is not None:
        yield f"It lasted {lasting(story.resolved - story.began)}: from {rfc3339(story.began)} to {rfc3339(story.resolved)}."
    elif story.ended is not None and story.outcome != "would":
        yield f"From {rfc3339(story.began)}; what the agent did was over after {lasting(story.ended - story.began)}. That the alert is over was not seen."
    else:
        yield f"From {rfc3339(story.began)}, for {lasting(now - story.began)} so far."
    if story.opened is not None and story.outcome != "would":
        yield f"The agent began to act {lasting(story.opened - story.began)} after that."
    for one in story.queues:
        size = display(one.size, Type.COUNT)
        yield f"Queue {escaped(one.queue)}: at most {size} waited, and the next of them for {lasting(one.latency)} at {rfc3339(one.at)[11:-1]}."
    yield from _of_jobs(story.jobs, goes_on=story.opened is not None and story.ended is None)


def _of_jobs(jobs: Jobs | None, *, goes_on: bool) -> Iterator[str]:
    if jobs is None:
        yield f"Jobs: {'what becomes of them is not known yet' if goes_on else 'nothing is known to have been in flight'}."
        return
    numbers = [f"{getattr(jobs, name)} {words}" for name, words in _JOBS.items() if getattr(jobs, name)]
    begins = f"Jobs: {jobs.in_flight} in flight: " if jobs.in_flight is not None else "Jobs: "
    yield f"{begins}{'; '.join(numbers) or 'what became of them is not said'}."


def _table(story: Timeline) -> Iterator[str]:
    was_told = False
    for moment in story.entries:
        if moment.kind is MomentKind.DELIVERY:
            if was_told or not moment.text.startswith("told"):
                continue
            was_told = True
        text = "somebody was told" if moment.kind is MomentKind.DELIVERY else escaped(_public(moment), 500)
        yield f"| {_clock(moment, story)} | {moment.kind} | {text} |"


def _public(moment: Moment) -> str:
    """Of evidence no more than which there is: why a job is suspected can name places in the code."""
    return f"evidence: {moment.detail.get('outcome', '')}" if moment.kind is MomentKind.EVIDENCE else moment.text


def _done(story: Timeline) -> Iterator[str]:
    yield from (f"{_clock(one, story)} {escaped(_public(one), 500)}" for one in story.entries if _is_deed(one))


def _is_deed(moment: Moment) -> bool:
    decision = moment.detail.get("decision")
    if moment.kind is MomentKind.DECISION:
        return decision == "ALLOW"
    return moment.kind in _DONE and decision != "DRY_RUN" and not moment.text.startswith("is about to")


def _not_done(story: Timeline) -> Iterator[str]:
    yield from (f"{_clock(one, story)} {escaped(one.text, 500)}" for one in story.entries if _is_left_undone(one))


def _is_left_undone(moment: Moment) -> bool:
    return moment.kind is MomentKind.GUARD or (moment.kind is MomentKind.DECISION and moment.detail.get("decision") != "ALLOW")


def _clock(moment: Moment, story: Timeline) -> str:
    """With the day, where that is another one than that on which it began."""
    day, time = rfc3339(moment.wall)[:10], rfc3339(moment.wall)[11:-1]
    return time if day == rfc3339(story.began)[:10] else f"{day} {time}"


def _listed(lines: Iterable[str], nothing: str) -> Iterator[str]:
    found = [f"- {line}" for line in lines]
    yield from found or [nothing]
