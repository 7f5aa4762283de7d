"""`arm`: a person says how far a rule goes, after having seen what it would have done."""

import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from watchdog.cli.exits import UsageError
from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from watchdog.cli.order_options import ReasonOption
from watchdog.cli.orders import who, words
from watchdog.cli.output import count, output, say_json
from watchdog.cli.state import state_folder
from watchdog.model.verdicts import Mode

SHOWN = 20
"""So many of the newest are listed; `audit --would --rule RULE` has them all."""


def arm(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="The name of the rule.", show_default=False)],
    *,
    mode: Annotated[
        Mode | None, typer.Option("--mode", help="How far it goes from now on, at most as far as the config allows.", show_default=False)
    ] = None,
    reason: ReasonOption = "",
    clear: Annotated[bool, typer.Option("--clear", help="Take back what was said of it: it goes as far as its file says.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask; for scripts.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """
    Say how far a rule goes: observe, dry-run, ask or act, whatever its file says.

    Shows first what the rule would have done so far, from the audit log. What you say stands in the audit log with your name and outlives restarts; it ends with `--clear`, or, where it
    goes further than the rule's file, once the rule looks at or does something else. What is found already when the rule begins to act is not acted upon: it only asks.
    """
    if (mode is None) == (not clear):
        raise UsageError("say either --mode or --clear")
    why = words(reason)
    folder = state_folder(config)
    if mode is not None:
        _show_record(folder, rule, as_json=as_json)
    if mode in (Mode.ACT, Mode.ASK) and not yes:
        _ask(rule, mode)
    import asyncio

    from watchdog.cli.telling import new_id, tell
    from watchdog.model.told import OperatorArmed

    told = OperatorArmed(id=new_id(), by=who(), reason=why, asked=time.time_ns() // 1_000_000, rule=rule, mode=mode)
    return asyncio.run(tell(folder, told, as_json=as_json))


def _ask(rule: str, mode: Mode) -> None:
    if not sys.stdin.isatty():
        raise UsageError("nobody can be asked here whether that is meant; with --yes it is done at once")
    if not typer.confirm(f"Put {rule} into {mode}?", err=True):
        raise UsageError("left as it is")


def _show_record(folder: Path, rule: str, *, as_json: bool) -> None:
    """What the rule would have done: how often since when, what was denied, and the newest of it."""
    from watchdog.cli.would import Denied, LeftOut, left_out, show
    from watchdog.store.reading import read_audit

    found = list(left_out(read_audit(folder, rule=rule)))
    done = [one for one in found if isinstance(one, LeftOut)]
    denials: dict[str, int] = {}
    for one in found:
        if isinstance(one, Denied):
            denials[one.guard] = denials.get(one.guard, 0) + 1
    if as_json:
        record: dict[str, Any] = {"rule": rule, "would": len(done), "since": found[0].at if found else None, "denied": denials}
        say_json(record)
        return
    out = output()
    if not found:
        out.line((f"The audit log has nothing that {rule} would have done in dry-run.", "warn"))
        return
    show(out, found[-SHOWN:])
    by = ", ".join(f"{guard or 'mode'} {times}" for guard, times in sorted(denials.items()))
    out.line(f"since {found[0].at}: it would have acted {count(len(done), 'time')}", f"; stopped by {by}" if by else "")
