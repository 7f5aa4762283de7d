"""`notify`: how the receivers stand, and whether what they are told arrives."""

import time
from pathlib import Path
from typing import Annotated, Final

import typer

from watchdog.cli.command import Command
from watchdog.cli.exits import Exit, UnfinishedError, UsageError
from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from watchdog.cli.orders import who
from watchdog.cli.state import settings_of, state_folder

NOTIFY: Final = typer.Typer(
    name="notify",
    help="Receivers: how they stand, whether messages arrive, and another try at once.",
    short_help="Receivers: list, test, try again.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_TOLD_WITHIN: Final = 2.0
"""Seconds in which an agent that was reloaded a moment ago says whom it knows now."""
_EVERY: Final = 0.2
ReceiversArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[RECEIVER…]", help="Names, as under `receivers:`.", show_default=False)
]
EveryOption = Annotated[bool, typer.Option("--all", help="Every receiver of the config.")]
WithinOption = Annotated[str, typer.Option("--within", metavar="DURATION", help="How long to wait for their servers' answers.")]


@NOTIFY.command("test", cls=Command, short_help="Send a marked test and show what the server answers.")
def send_test(
    receivers: ReceiversArgument = None,
    *,
    every: EveryOption = False,
    within: WithinOption = "60s",
    reason: Annotated[str, typer.Option("--reason", metavar="WORDS", help="Stands in the message, for those who wonder.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """
    Send a message that is marked as a test, and show what the server answers.

    Where an agent runs it goes the way of everything: the agent writes it down and delivers it. No silence, route or quiet hour holds it back. Where none runs this command sends
    it straight, by the config as it is now. Ends with 0 if every receiver has it, with 1 if one has not; then the agent still tries.
    """
    import asyncio

    from watchdog.cli.notifying import Trial, by_agent, show_results, straight
    from watchdog.cli.since import read_duration
    from watchdog.cli.telling import new_id
    from watchdog.model.told import OperatorTested

    names = named(config, receivers or [], every=every)
    seconds = read_duration(within, "--within") / 1000
    state, pid = _folder_and_agent(config)
    told = OperatorTested(
        id=new_id(), by=who(), reason=reason.strip() or "to see whether messages arrive", asked=time.time_ns() // 1_000_000, receivers=names
    )
    test = Trial(told, seconds)
    if pid is None:
        results = asyncio.run(straight(config, test))
    else:
        known_to_agent(state, names)
        results = asyncio.run(by_agent(state, test))
    show_results(results, as_json=as_json)
    return Exit.FINE if all(one.is_delivered for one in results) else Exit.FINDINGS


@NOTIFY.command("retry", cls=Command, short_help="Try at once what waits for a receiver.")
def try_now(
    receiver: Annotated[str, typer.Argument(metavar="RECEIVER", help="Its name, as under `receivers:`.", show_default=False)],
    *,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """
    Try at once what waits for a receiver.

    A receiver that fails is left alone for longer and longer, up to an hour. Whoever has mended it need not wait for that. Ends with 0 if the agent has taken it, with 3 if none answers.
    """
    import asyncio

    from watchdog.cli.telling import new_id, tell
    from watchdog.model.told import OperatorRetried

    names = named(config, [receiver], every=False)
    state, pid = _folder_and_agent(config)
    if pid is not None:
        known_to_agent(state, names)
    told = OperatorRetried(id=new_id(), by=who(), reason="", asked=time.time_ns() // 1_000_000, receiver=receiver)
    return asyncio.run(tell(state, told, as_json=as_json))


@NOTIFY.command("list", cls=Command, short_help="Show how each receiver stands.")
def list_receivers(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> int:
    """
    Show how each receiver stands: what waits for it, what it was told, why it was not, and whether people can answer by it.

    Ends with 1 if one can't be told anything or can't be heard just now, with 3 if no agent runs; then it shows what the last one has left.
    """
    from watchdog.cli.output import output, say_json
    from watchdog.cli.receivers_view import HEADINGS, cells, is_well, plain, rows_of

    settings = settings_of(config)
    state, pid = _folder_and_agent(config)
    rows = rows_of({name: one.type for name, one in settings.receivers.items()}, state, is_running=pid is not None)
    if as_json:
        for row in rows:
            say_json(plain(row))
    elif rows:
        output().table(HEADINGS, cells(rows, at=time.time_ns() // 1_000_000))
    else:
        output().line("The config names no receiver: nobody is told anything.")
    if pid is None:
        return Exit.UNREACHABLE
    return Exit.FINE if all(is_well(row) for row in rows) else Exit.FINDINGS


def named(config: Path, names: list[str], *, every: bool) -> tuple[str, ...]:
    """The receivers that are meant, each once. Raises `UsageError` for one that the config does not have."""
    there = settings_of(config).receivers
    if bool(names) == every:
        raise UsageError("name a receiver, or say --all" if not every else "--all means every receiver; leave the names out")
    if not there:
        raise UsageError("the config names no receiver")
    if strange := [name for name in names if name not in there]:
        raise UsageError(f"no receiver is called {strange[0]!r}; there are {', '.join(there)}")
    return tuple(there) if every else tuple(dict.fromkeys(names))


def known_to_agent(state: Path, names: tuple[str, ...]) -> None:
    """Raises `UnfinishedError` for one that the agent which runs has not been told of: for such a one a message would wait for ever."""
    end = time.monotonic() + _TOLD_WITHIN
    while strange := [name for name in names if not _knows(state, name)]:
        if time.monotonic() >= end:
            raise UnfinishedError(f"the agent that runs does not know {strange[0]} yet: systemctl reload sidekiq-watchdog")
        time.sleep(_EVERY)


def _knows(state: Path, name: str) -> bool:
    from watchdog.cli.picture import read_picture
    from watchdog.store.reading import read_status

    data = read_status(state)
    # One that has only just been started has not said anything yet, and an older one does not tell of receivers.
    known = read_picture(data).receivers if data is not None else None
    return known is None or name in known


def _folder_and_agent(config: Path) -> tuple[Path, int | None]:
    from watchdog.cli.desk import agent_of

    state = state_folder(config)
    return state, agent_of(state)
