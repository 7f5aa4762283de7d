"""The two lines on top, and what stands below them where something is wrong: how far the agent goes, what holds it, what it can't see, what it costs, and whether it is there."""

from collections.abc import Iterator, Sequence
from typing import Final

from watchdog.cli.output import Piece
from watchdog.cli.top.feed import Question
from watchdog.cli.top.lines import counted, share
from watchdog.lang.display import lasting
from watchdog.picture.picture import Picture
from watchdog.web.views.overview import Overview
from watchdog.web.views.switches import PauseSeen, Switches

QUESTIONS: Final = {
    "overview": Question("overview", Overview, frozenset({"overview", "alerts", "approvals", "incidents", "switches", "blocked"})),
    "switches": Question("switches", Switches, frozenset({"switches", "rules"})),
    # All of it costs the agent some; of it only what the agent itself says of its version and cost is shown.
    "status": Question("status", Picture, frozenset(), every=60.0),
}
"""What is asked for all the time."""


def agent_line(overview: Overview | None, *, is_wide: bool) -> Sequence[Piece]:
    """Whose agent it is, how far it goes, and what needs somebody; where there is room also what it reads."""
    if overview is None:
        return (("sidekiq-watchdog", "strong"),)
    return (
        (overview.host, "strong"),
        ", mode ",
        (overview.mode, "strong"),
        " | ",
        (f"{overview.firing} firing", "bad" if overview.firing else "good"),
        f", {overview.pending} pending, ",
        (f"{overview.under_way} under way", "warn" if overview.under_way else ""),
        ", ",
        (f"{overview.questions} asked", "warn" if overview.questions else ""),
        f", {overview.held_back} blocked",
        *((f" | reads {', '.join(name for name, source in overview.sources.items() if source.ok) or 'nothing'}",) if is_wide else ()),
    )


def sidekiq_line(overview: Overview | None, status: Picture | None) -> Sequence[Piece]:
    """Sidekiq as a whole, and what it costs to look at it."""
    if overview is None or overview.sidekiq is None:
        return ("",)
    one = overview.sidekiq
    budget = None if status is None else status.budget
    cost = "" if budget is None else f" | Redis {share(budget.share)}"
    jobs = f"{counted(one.enqueued)} enqueued, {counted(one.retries)} retries, {counted(one.dead)} dead"
    return (f"{counted(one.processes)} processes, {counted(one.busy)}/{counted(one.threads)} busy | {jobs}{cost}",)


def warnings(
    overview: Overview | None, switches: Switches | None, *, trouble: str, seen: str, failed: str = ""
) -> Iterator[Sequence[Piece]]:
    """Nothing while all is well; `trouble` is why nobody answers, and `seen` when somebody last did; `failed` is why one of the questions has no answer."""
    if trouble:
        yield (("NOT CONNECTED", "bad"), f"{f'; what follows is of {seen}' if seen else ''}: {trouble}")
    elif failed:
        yield (("NOT ANSWERED", "bad"), f"; some of what follows may be older: {failed}")
    if overview is not None and overview.failing:
        yield ("CAN'T WRITE ANYTHING DOWN: ", "bad"), f"{overview.failing}; so it does nothing"
    if overview is not None and overview.blind:
        said = [
            f"{name} ({source.message})" if (source := overview.sources.get(name)) is not None and source.message else name
            for name in overview.blind
        ]
        yield ("BLIND: ", "bad"), f"{', '.join(said)}; what rests on it is unknown, and nothing is done about it"
    if switches is None:
        return
    for pause in switches.pauses:
        yield _pause(pause)
    if switches.doubt:
        yield ("DOES NOT TRUST ITS MEMORY: ", "bad"), f"{'; '.join(switches.doubt)}; look, and then `sidekiq-watchdog adopt`"


def _pause(one: PauseSeen) -> Sequence[Piece]:
    only = "".join(f", {name} {pattern}" for name, pattern in (("rule", one.rule), ("target", one.target)) if pattern)
    left = "" if one.until_ms is None else f" for {lasting(one.until_ms)} more"
    fleet = " for the whole fleet" if one.source == "fleet" else ""
    return ("PAUSED", "warn"), f"{fleet} by {one.by}{only}{left}: {one.reason}"
