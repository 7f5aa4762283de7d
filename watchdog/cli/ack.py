"""`ack`: somebody has seen it."""

from typing import Annotated

import typer

from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from watchdog.cli.orders import ReasonOption, who, words
from watchdog.cli.until import ForOption, UntilOption, read_until


def ack(
    what: Annotated[str, typer.Argument(metavar="INCIDENT|RULE", help="An incident or an alert by its id, or a rule.", show_default=False)],
    target: Annotated[
        str,
        typer.Argument(metavar="[TARGET]", help="With a rule: the target or the entity that `status` shows for it.", show_default=False),
    ] = "",
    *,
    reason: ReasonOption = "",
    lasts: ForOption = None,
    until: UntilOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """
    Say that you have seen it: it is not told again until then, or until it is over.

    Where the rule's budget for the target is spent, and so a person was asked, the budget begins anew: the rule may act again.
    """
    import asyncio
    import time

    from watchdog.cli.state import state_folder
    from watchdog.cli.telling import new_id, tell
    from watchdog.model.told import OperatorAcknowledged

    now = time.time_ns() // 1_000_000
    told = OperatorAcknowledged(
        id=new_id(), by=who(), reason=words(reason), asked=now, until=read_until(lasts, until, now=now),
        incident="" if target else what, rule=what if target else "", target=target,
    )  # fmt: skip
    return asyncio.run(tell(state_folder(config), told, as_json=as_json))
