"""How an order is told while it is carried out: its rows of the audit log, as lines for people. Pure."""

from collections.abc import Iterator
from typing import Any, Final

from watchdog.cli.output import Piece
from watchdog.model.guards import BY_NAME

OVER: Final = {"ended": "good", "would": "good", "refused": "bad", "failed": "bad", "abandoned": "warn"}
"""The outcomes with which an order is over → how they look."""
_QUIET: Final = ("opened", "resumed")
_WIDTH: Final = max(map(len, BY_NAME))


def is_over(row: dict[str, Any]) -> bool:
    """Nothing comes after this row."""
    return row["kind"] == "order" and row.get("outcome") in OVER


def is_fine(row: dict[str, Any]) -> bool:
    """The order did what it was for: a process has taken the place of the one that was ended, or nothing was to be done."""
    if row.get("outcome") == "ended":
        return bool((row.get("detail") or {}).get("successor"))
    return row.get("outcome") == "would"


def lines_of(row: dict[str, Any]) -> Iterator[list[Piece]]:
    """The row as lines, each with its time; none for what a person needs not read."""
    time: Piece = (f"{row['at'][11:19]}  ", "dim")
    detail: dict[str, Any] = row.get("detail") or {}
    outcome, reason, stage = (row.get(name) or "" for name in ("outcome", "reason", "stage"))
    match row["kind"]:
        case "order" if outcome == "taken":
            what = "would be" if detail.get("only_looks") else "is to be"
            yield [
                time,
                f"{row['action']} on ",
                (row.get("target") or row.get("entity") or "?", "strong"),
                f" {what} done for {detail.get('by')}",
                f": {reason}" if reason else "",
            ]
        case "order" if outcome in OVER:
            guard = f" by {row['guard']}" if row.get("guard") else ""
            yield [time, (f"{outcome}{guard}", OVER[outcome]), f": {reason}", _way_out(outcome, row.get("guard") or "")]
        case "order":
            yield [time, (outcome, "warn"), f": {reason}"]
        case "decision":
            for guard in sorted(detail, key=_place):
                if detail[guard] != "PASS" or row.get("mode") == "dry-run":
                    yield [time, *_verdict(guard, detail[guard])]
        case "would" if stage == "in flight":
            yield [time, "in flight: ", f"{detail['class']} {detail['jid']} for {detail['elapsed_ms'] / 1000:.1f} s"]
        case "would":
            yield [
                time,
                "would ",
                *_stage(stage),
                f" at {row['would_at'][11:19]}" if row.get("would_at") else "",
                f" {reason}" if reason else "",
            ]
        case "intent" if "jid" in detail:
            yield [time, f"{detail['class']} {detail['jid']} into {detail['place']}: {reason}"]
        case "intent":
            yield [time, *_stage(stage)]
        case "outcome":
            yield [time, *_stage(stage), f": {outcome}"]
        case "incident" if outcome == "held":
            yield [time, ("held", "bad"), f" at {stage}", f" by {row['guard']}" if row.get("guard") else "", f": {reason}"]
        case "incident" if outcome in _QUIET and stage:
            yield [time, (f"{outcome} at {stage}", "dim")]


def _way_out(outcome: str, guard: str) -> str:
    """What a person can do against a guard that has refused."""
    can_overrule = outcome == "refused" and guard in BY_NAME and not BY_NAME[guard].binds_people
    return f"; --force {guard} overrules it" if can_overrule else ""


def _place(guard: str) -> tuple[int, str]:
    """In which they are asked; those of another version last."""
    return list(BY_NAME).index(guard) if guard in BY_NAME else len(BY_NAME), guard


def _verdict(guard: str, said: str) -> list[Piece]:
    word, _, reason = said.partition(": ")
    style = {"PASS": "good", "ASK": "warn"}.get(word, "bad")
    return [f"{guard:<{_WIDTH}} ", (word, style), f": {reason}" if reason else ""]


def _stage(stage: str) -> list[Piece]:
    return [(f"SIG{stage}" if stage.isupper() and stage.isalpha() else stage, "strong")]
