"""`approve` and `deny`: what a person answers where one is asked, and a list of what is asked."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchdog.cli.exits import Exit, NothingToShowError, UsageError
from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from watchdog.cli.order_options import ReasonOption
from watchdog.cli.orders import who, words
from watchdog.cli.output import output, say_json
from watchdog.cli.state import state_folder

if TYPE_CHECKING:
    from watchdog.model.told import OperatorApproved, OperatorDenied

_ID = typer.Argument(metavar="[ID]", help="The id of what is asked, as the message or `--list` shows it.", show_default=False)


def approve(
    approval: Annotated[str, _ID] = "",
    *,
    listed: Annotated[bool, typer.Option("--list", help="Show what is asked, and answer nothing.")] = False,
    reason: ReasonOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """
    Say yes to what the agent asks, in mode `ask` or where a guard has a person asked.

    The yes is for that one action on that very process, for the reasons that were told, and for once. All guards are asked again, and one that denies still wins; if it can't be begun within
    ten minutes the yes counts no more. Ends with 0 if it was taken, with 1 if it was refused, with 3 if no agent answers. `--list` ends with 1 if something is asked.
    """
    if listed:
        if approval:
            raise UsageError("--list shows all that is asked; leave the id out")
        return _list(config, as_json=as_json)
    if not approval:
        raise UsageError("say which: `approve ID`; `approve --list` shows what is asked")
    from watchdog.model.told import OperatorApproved

    return _say(config, OperatorApproved(approval=approval, reason=reason.strip(), **_common()), as_json=as_json)


def deny(
    approval: Annotated[str, typer.Argument(metavar="ID", help="The id of what is asked.", show_default=False)],
    *,
    reason: ReasonOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """
    Say no to what the agent asks; also to what others have approved, as long as it has not been begun.

    One no is enough. It holds as long as what was found goes on, for a day at most; after that the agent asks anew. Ends with 0 if it was taken, with 1 if it was refused, with 3 if no agent
    answers.
    """
    from watchdog.model.told import OperatorDenied

    return _say(config, OperatorDenied(approval=approval, reason=words(reason), **_common()), as_json=as_json)


def _common() -> dict[str, Any]:
    from watchdog.cli.telling import new_id

    return {"id": new_id(), "by": who(), "asked": time.time_ns() // 1_000_000}


def _say(config: Path, told: "OperatorApproved | OperatorDenied", *, as_json: bool) -> Exit:
    import asyncio

    from watchdog.cli.telling import tell

    return asyncio.run(tell(state_folder(config), told, as_json=as_json))


def _list(config: Path, *, as_json: bool) -> Exit:
    from watchdog.cli.approval_view import show_approvals
    from watchdog.cli.picture import read_picture
    from watchdog.store.lock import is_running
    from watchdog.store.reading import read_status

    folder = state_folder(config)
    data = read_status(folder)
    if data is None or is_running(folder) is None:
        raise NothingToShowError(f"no agent runs on the state folder {folder}, and nobody asks anything")
    asked = read_picture(data).approvals
    if as_json:
        for one in json.loads(data).get("approvals", ()):
            say_json(one)
    elif asked:
        show_approvals(output(), asked)
    else:
        output().line(("Nothing is asked.", "good"))
    return Exit.FINDINGS if asked else Exit.FINE
