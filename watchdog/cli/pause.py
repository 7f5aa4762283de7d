"""`pause` and `resume`: nothing is done for a time, by this agent or by all of the fleet, and what is done again before it is over."""

from typing import Annotated

import typer

from watchdog.cli.exits import UsageError
from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from watchdog.cli.orders import ReasonOption, who, words
from watchdog.cli.patterns import check_patterns
from watchdog.cli.until import ForOption, UntilOption, read_until

RuleOption = Annotated[str, typer.Option("--rule", metavar="RULE", help="Only what this rule would do; a name, or with `*`.")]
TargetOption = Annotated[
    str,
    typer.Option(
        "--target", metavar="TARGET", help="Only what would be done to this unit, HOST/UNIT, tag or process; a name, or with `*`."
    ),
]
FleetOption = Annotated[bool, typer.Option("--fleet", help="All agents of this Redis, by a key in it; also where no agent runs here.")]


def pause(
    *,
    reason: ReasonOption = "",
    lasts: ForOption = None,
    until: UntilOption = None,
    rule: RuleOption = "",
    target: TargetOption = "",
    fleet: FleetOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """
    Keep the agent from doing anything for a time: it goes on looking, and telling.

    An action under way is held before its next step. A pause ends by itself, or by `resume`; several hold side by side, and a file called `pause` in the state folder is one that
    works when nothing else does. Where no agent runs the pause stays, and the next one heeds it before it does anything; it ends with 3 then.
    """
    import asyncio
    import time

    from watchdog.cli.state import state_folder
    from watchdog.cli.telling import new_id, tell
    from watchdog.model.told import OperatorPaused

    _not_both(fleet, rule, target)
    check_patterns(**{"--rule": rule, "--target": target})
    said, now = words(reason), time.time_ns() // 1_000_000
    end = read_until(lasts, until, now=now)
    if fleet:
        from watchdog.cli.fleet import pause_fleet

        return asyncio.run(pause_fleet(config, by=who(), reason=said, until=end, as_json=as_json))
    told = OperatorPaused(id=new_id(), by=who(), reason=said, asked=now, until=end, rule=rule, target=target)
    return asyncio.run(tell(state_folder(config), told, as_json=as_json))


def resume(
    *,
    reason: ReasonOption = "",
    rule: RuleOption = "",
    target: TargetOption = "",
    fleet: FleetOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """
    End pauses before their time: all that were given by command, or the one for that very rule or target.

    It says what is paused all the same: the file goes on for as long as it is there, and the pause of the fleet until `resume --fleet`.
    """
    import asyncio
    import time

    from watchdog.cli.state import state_folder
    from watchdog.cli.telling import new_id, tell
    from watchdog.model.told import OperatorResumed

    _not_both(fleet, rule, target)
    said = words(reason)
    if fleet:
        from watchdog.cli.fleet import resume_fleet

        return asyncio.run(resume_fleet(config, as_json=as_json))
    told = OperatorResumed(id=new_id(), by=who(), reason=said, asked=time.time_ns() // 1_000_000, rule=rule, target=target)
    return asyncio.run(tell(state_folder(config), told, as_json=as_json))


def _not_both(fleet: bool, rule: str, target: str) -> None:
    if fleet and (rule or target):
        raise UsageError("--fleet is for everything, so it goes without --rule and --target")
