"""What people are asked, as lines: what would be done, why, what is seen, until when, and what to type."""

from collections.abc import Sequence

from watchdog.cli.output import Output
from watchdog.lang.display import display
from watchdog.model.kinds import Type
from watchdog.picture.picture import Asked


def show_approvals(out: Output, asked: Sequence[Asked]) -> None:
    """Each with its own lines; nothing if nothing is asked."""
    if not asked:
        return
    out.line("")
    out.line(("Waiting for a person", "strong"))
    for one in asked:
        _show(out, one)


def _show(out: Output, one: Asked) -> None:
    out.line("  ", (one.id, "strong"), f": {one.action} on {one.target}, of rule {one.rule}")
    out.line(f"    because {'; '.join(one.reasons) or 'the mode is ask'}")
    out.line(f"    asked {display(one.asked_ms, Type.DURATION)} ago, while {one.condition}")
    if one.seen:
        out.line(f"    seen: {', '.join(one.seen)}")
    for stage in one.stages:
        out.line(f"    {stage}")
    if one.standing == "approved":
        out.line("    ", (one.settled, "good"), ": it is begun as soon as no guard denies")
        return
    more = one.needed - len(one.approved_by)
    said = (
        f"{' and '.join(one.approved_by)} approved, {more} more must"
        if one.approved_by
        else f"{one.needed} people must"
        if one.needed > 1
        else ""
    )
    out.line(
        "    ", (f"sidekiq-watchdog approve {one.id}", "strong"), f" within {display(one.left_ms, Type.DURATION)}, else it is not done{'; ' + said if said else ''}"
    )  # fmt: skip
