"""`silence`: no messages for a time for alerts that somebody does not want to hear of."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

import typer

from watchdog.cli.exits import Exit, NothingToShowError, UsageError
from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from watchdog.cli.orders import ReasonOption, who, words
from watchdog.cli.patterns import check_patterns
from watchdog.cli.until import ForOption, UntilOption, read_until

_NAMES: Final = ("rule", "target", "entity")
_LABEL: Final = "label."


def silence(
    matches: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MATCH…",
            help="rule=NAME, target=NAME, entity=NAME, label.KEY=TEXT, each with `*` if you like; a word alone is a rule. All must fit.",
            show_default=False,
        ),
    ] = None,
    *,
    reason: ReasonOption = "",
    lasts: ForOption = None,
    until: UntilOption = None,
    listed: Annotated[bool, typer.Option("--list", help="Show the silences that hold instead.")] = False,
    end: Annotated[str, typer.Option("--end", metavar="ID", help="End this one before its time instead.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """
    Send no messages for a time for the alerts that fit.

    They fire all the same, and what their rules do is done: see `pause` for that. What the agent says of itself, a process that it has left half-way and an action that failed is told
    in any case. When a silence ends, what still fires is told.
    """
    import asyncio
    import time

    from watchdog.cli.state import state_folder
    from watchdog.cli.telling import new_id, tell
    from watchdog.model.told import OperatorSilenced, OperatorUnsilenced

    if sum((bool(matches), listed, bool(end))) != 1:
        raise UsageError("say what is to be silent (rule=NAME …), or --list, or --end ID")
    meant, labels = read_matches(matches or ())
    state, now = state_folder(config), time.time_ns() // 1_000_000
    if listed:
        return _show(state, as_json=as_json)
    if end:
        over = OperatorUnsilenced(id=new_id(), by=who(), reason=words(reason), asked=now, silence=end)
        return asyncio.run(tell(state, over, as_json=as_json))
    told = OperatorSilenced(
        id=new_id(), by=who(), reason=words(reason), asked=now, until=read_until(lasts, until, now=now), labels=labels, rule=meant.get("rule", ""),
        target=meant.get("target", ""), entity=meant.get("entity", ""),
    )  # fmt: skip
    return asyncio.run(tell(state, told, as_json=as_json))


def read_matches(written: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """What alerts must fit, and which labels their rules must have. Raises `UsageError`."""
    meant: dict[str, str] = {}
    labels: dict[str, str] = {}
    for one in written:
        name, equals, pattern = one.partition("=")
        if not equals:
            name, pattern = "rule", one
        where, key = (labels, name.removeprefix(_LABEL)) if name.startswith(_LABEL) else (meant, name)
        if not key or not pattern or (where is meant and name not in _NAMES):
            raise UsageError(f"{one}: write {', '.join(f'{name}=…' for name in _NAMES)} or {_LABEL}KEY=…")
        if key in where:
            raise UsageError(f"{one}: {name} is given twice; write several silences")
        where[key] = pattern
    check_patterns(**meant, **{f"{_LABEL}{key}": pattern for key, pattern in labels.items()})
    return meant, labels


def _show(state: Path, *, as_json: bool) -> Exit:
    import json

    from watchdog.cli.output import output, say_json
    from watchdog.cli.picture import read_picture
    from watchdog.cli.switches_view import show_silences
    from watchdog.store.reading import read_status

    data = read_status(state)
    if data is None:
        raise NothingToShowError(f"the agent with the state folder {state} has not said anything yet")
    if as_json:
        for one in json.loads(data).get("silences", []):
            say_json(one)
    else:
        show_silences(output(), read_picture(data))
    return Exit.FINE
