"""Who was told of an alert, as `status` shows it. The counterpart of `engine/routing/view.py`, which says so."""

import msgspec


class Telling(msgspec.Struct, frozen=True):
    """Who was told, those among them to whom it was `escalated`, or why `nobody` was."""

    told: tuple[str, ...] = ()
    escalated: tuple[str, ...] = ()
    nobody: str = ""


def told_of(telling: Telling | None) -> str:
    """In a few words; empty of what does not fire yet, and where an older agent does not say it."""
    if telling is None:
        return ""
    if telling.nobody:
        return f"nobody: {telling.nobody}"
    return ", ".join(f"{name} (escalated)" if name in telling.escalated else name for name in telling.told)
