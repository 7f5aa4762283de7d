"""One change as a line for people, or as JSON for programs."""

from typing import Any, Final

from watchdog.cli.output import Piece
from watchdog.lang.display import display
from watchdog.model.changes import BY_NAME, ChangeSpec, Told
from watchdog.store.moments import rfc3339
from watchdog.timeline.changes import Shown

_STYLES: Final = {
    "ProcessVanished": "bad",
    "JobsLeftBehind": "bad",
    "ProcessSilent": "bad",
    "ProcessUnlisted": "warn",
    "ProcessQuiet": "warn",
    "JobLost": "bad",
    "RedisRestarted": "warn",
    "RoleChanged": "warn",
    "SourceLost": "bad",
    "SourceBack": "good",
    "ProcessBeatsAgain": "good",
    "NotShown": "bad",
}


def line(one: Shown) -> list[Piece]:
    """For people: when, of what kind, what, which, from what to what, and why."""
    spec = BY_NAME.get(one.change)
    pieces: list[Piece] = [
        (rfc3339(one.at), "dim"),
        f"{one.kind:<8}",
        (f"{one.change:<19}", _STYLES.get(one.change, "strong")),
        one.entity,
        "" if spec is None else _values(spec, one.before, one.after),
        (f"({one.reason})", "dim") if one.reason else "",
    ]
    return [piece for word in pieces if word for piece in ("  ", word)][1:]


def plain(one: Shown) -> dict[str, Any]:
    """For programs: the same keys for every change."""
    return {
        "at": rfc3339(one.at),
        "change": one.change,
        "kind": one.kind,
        "id": one.id,
        "from": one.before,
        "to": one.after,
        "reason": one.reason,
        "seen": one.seen,
    }


def _values(spec: ChangeSpec, before: Told | None, after: Told | None) -> str:
    if spec.field is None or (before is None and after is None):
        return ""
    shown_ = [display(value, spec.field.type) for value in (before, after) if value is not None]
    return " -> ".join(shown_) if before is not None and after is not None else f"for {shown_[0]}"
