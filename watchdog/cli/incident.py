"""`go-on` and `close`: what a person says to an incident that stands half-way."""

from typing import Annotated

import typer

from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from watchdog.cli.order_options import ForceOption, overruled
from watchdog.cli.orders import ReasonOption, who, words

IncidentArgument = Annotated[
    str, typer.Argument(metavar="INCIDENT", help="Its id, as its message and `status` show it.", show_default=False)
]


def go_on(
    incident: IncidentArgument,
    *,
    reason: ReasonOption = "",
    force: ForceOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """
    Try at once what is held half-way, without waiting for the agent to try it again.

    What a guard holds is held once more if it still denies; `--force` overrules it by name up to the end of this action, but never those that keep it from being done blindly, twice or to another process.
    """
    import asyncio
    import time

    from watchdog.cli.state import state_folder
    from watchdog.cli.telling import new_id, tell
    from watchdog.model.told import OperatorWentOn

    told = OperatorWentOn(
        id=new_id(), by=who(), reason=words(reason), asked=time.time_ns() // 1_000_000, incident=incident, overruled=overruled(force)
    )
    return asyncio.run(tell(state_folder(config), told, as_json=as_json))


def close(
    incident: IncidentArgument,
    *,
    reason: ReasonOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """
    End an incident as handled by hand: the agent does nothing more about it, and everything stays as it is.

    It says in which state the process is left: one that is quiet must still be restarted. Refused where the process has ended and what it held is not put back yet.
    """
    import asyncio
    import time

    from watchdog.cli.state import state_folder
    from watchdog.cli.telling import new_id, tell
    from watchdog.model.told import OperatorClosed

    told = OperatorClosed(id=new_id(), by=who(), reason=words(reason), asked=time.time_ns() // 1_000_000, incident=incident)
    return asyncio.run(tell(state_folder(config), told, as_json=as_json))
