"""What people have to do after an incident, as sentences with the command to type."""

from collections.abc import Iterator

from watchdog.engine.ordered import is_order
from watchdog.store.moments import rfc3339
from watchdog.timeline.timeline import Timeline

_NAME = "sidekiq-watchdog"


def follow_ups(story: Timeline) -> Iterator[str]:
    """Those that follow from what is known; at least one."""
    if story.next and story.outcome != "would":
        yield f"What comes next by itself: {story.next}" if story.ended is None else f"What comes next: {story.next}"
    match story.outcome:
        case "unverified":
            yield f"It did not help as its rule wants it proven: find out why, and whether {story.rule} does the right thing"
        case "failed" | "held":
            yield f"Look at {story.target}: it may stand half-way"
        case "closed":
            yield f"See to what was left to do by hand on {story.target}"
        case "would":
            yield f"Decide whether {story.rule} may do it by itself: {_NAME} audit --would --rule {story.rule}, then arm {story.rule}"
    if story.jobs is not None:
        if story.jobs.lost or story.jobs.unnamed:
            yield f"Find the jobs that were not put back: {_NAME} audit --incident {story.incident}"
        if story.jobs.quarantined:
            yield f"Decide about the jobs in quarantine: {_NAME} quarantine list"
    if story.evidence:
        until = min(one.until for one in story.evidence)
        yield f"Look at the evidence before {rfc3339(until)[:10]}: {_NAME} evidence {story.incident}"
    if not story.told:
        yield "Nobody has heard of it: name receivers and routes in the config"
    yield (f"Find out what made {story.rule} fire, so that it need not again" if not is_order(story.rule) else "Say why it was ordered")
