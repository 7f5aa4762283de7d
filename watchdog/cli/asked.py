"""
What somebody asks the audit log for, checked before it is looked for: what can't be there is a mistake that is told, with the nearest that can.

A rule is another matter: there may be rows of one that is there no longer. It is looked for, and only where nothing fits it is said that no rule is called that.
"""

from collections.abc import Iterable
from pathlib import Path

from watchdog.cli.exits import NothingToShowError, UsageError
from watchdog.cli.output import errors


def one_of(option: str, written: str | None, known: Iterable[str], *, what: str) -> str:
    """The name as it is spelled, whatever its case and its dashes; empty where nothing was said. Raises `UsageError`."""
    if written is None:
        return ""
    from watchdog.lang.complaint import nearest, quoted

    names = sorted(known)
    found = {_bare(name): name for name in names}
    if _bare(written) in found:
        return found[_bare(written)]
    meant = nearest(written.lower(), [name.lower() for name in names])
    hint = f"did you mean {meant}?" if meant else f"it is one of {', '.join(names)}"
    raise UsageError(f"{option}: there is no {what} {quoted(written)} (hint: {hint})")


def word(option: str, written: str | None) -> str:
    """What was said, empty where nothing was. Raises `UsageError` for a word of no letters: a variable of a script that is not set must not ask for everything."""
    if written is not None and not written.strip():
        raise UsageError(f"{option} needs a name")
    return written or ""


def say_nothing_fits(folder: Path, rule: str | None, *, what: str) -> None:
    """On standard error, so that whoever reads the other hears of nothing but what there is."""
    errors().line((f"no {what} fits what was asked for", "dim"), _of_rule(folder, rule) if rule else "")


def _of_rule(folder: Path, rule: str) -> str:
    from watchdog.lang.complaint import nearest, quoted

    names = rules_of(folder)
    if not names or rule in names:
        return ""
    meant = nearest(rule, names)
    return f"; no rule in force is called {quoted(rule)}" + (f" (hint: did you mean {meant}?)" if meant else "")


def rules_of(folder: Path) -> tuple[str, ...]:
    """The rules that were in force when the agent wrote of itself last; none where nobody knows."""
    from watchdog.cli.picture import read_picture
    from watchdog.store.reading import read_status

    written = read_status(folder)
    try:
        return () if written is None else tuple(read_picture(written).rules)
    except NothingToShowError:
        return ()


def _bare(name: str) -> str:
    return name.lower().replace("-", "_")
