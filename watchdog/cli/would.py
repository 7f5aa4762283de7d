"""
What dry-run has left out, from the rows of the audit log: each time at which act would have done something, and each at which a guard would have kept it from it.

The counterpart of `engine/leaving_out.py`, which writes them. What a person had looked at by hand is none of a rule's doing.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import msgspec

from watchdog.cli.output import Output, count
from watchdog.engine.ordered import is_order

_MODE: Final = "dry-run"


class Stage(msgspec.Struct, frozen=True):
    """One stage that was left out; `would_at` is when act would have come to it, `reason` on what condition."""

    action: str
    target: str
    stage: str
    would_at: str
    reason: str


class LeftOut(msgspec.Struct, frozen=True):
    """What act would have done about one firing."""

    at: str
    rule: str
    entity: str
    target: str
    incident: str
    stages: list[Stage]
    would: bool = True

    @property
    def actions(self) -> str:
        """The steps in their order."""
        return ", ".join(dict.fromkeys(stage.action for stage in self.stages if stage.action))


class Denied(msgspec.Struct, frozen=True):
    """What act would not have done, or not without a person: which guard said so, and why."""

    at: str
    rule: str
    entity: str
    target: str
    action: str
    decision: str
    guard: str
    reason: str
    would: bool = False


def left_out(rows: Iterable[dict[str, Any]]) -> Iterator[LeftOut | Denied]:
    """Each of them, in the order of their times; a denial stands for all that followed it without another answer."""
    open_one: LeftOut | None = None
    for row in rows:
        said = _said(row)
        if is_order(said("rule")):
            continue
        # That a person would be asked is told by the decision.
        is_stage = row["kind"] == "would" and said("decision") != "ASK"
        if open_one is not None and not (is_stage and said("incident") == open_one.incident):
            yield open_one
            open_one = None
        if is_stage:
            if open_one is None:
                open_one = LeftOut(row["at"], said("rule"), said("entity"), said("target"), said("incident"), [])
            open_one.stages.append(Stage(said("action"), said("target"), said("stage"), said("would_at") or row["at"], said("reason")))
        elif row["kind"] == "decision" and said("mode") == _MODE and said("decision") in ("DENY", "ASK") and not said("outcome"):
            yield Denied(
                row["at"], said("rule"), said("entity"), said("target"), said("action"), said("decision"), said("guard"), said("reason")
            )
    if open_one is not None:
        yield open_one


def _said(row: dict[str, Any]) -> Callable[[str], str]:
    """Absent, empty and null are the same to the reader."""
    return lambda name: row.get(name) or ""


def show(out: Output, found: Iterable[LeftOut | Denied]) -> None:
    """One line for each, the stages below; how many there were at the end."""
    done = denied = 0
    for one in found:
        match one:
            case LeftOut():
                done += 1
                out.line((one.at, "dim"), "  ", (one.rule, "strong"), f"  {one.target}  ", (f"would {one.actions}", "warn"))
                for stage in one.stages:
                    where = f" on {stage.target}" if stage.target != one.target else ""
                    out.line(f"    {stage.would_at}  {stage.stage}{where}", f"  ({stage.reason})" if stage.reason else "")
            case Denied():
                denied += 1
                said = "denied" if one.decision == "DENY" else "a person would be asked"
                by = f" by {one.guard}: " if one.guard else ": "
                out.line((one.at, "dim"), "  ", (one.rule, "strong"), f"  {one.target}  {one.action}  ", (said, "dim"), f"{by}{one.reason}")
    out.line(f"{count(done, 'time')} act would have done something, {count(denied, 'time')} a guard would have kept it from it")
