"""`changes`: what becomes of Sidekiq's processes, jobs, queues and sets, one line a change."""

import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watchdog.cli.exits import Exit, NothingToShowError, UsageError
from watchdog.cli.options import DEFAULT_CONFIG, BeforeOption, ConfigOption, EntityOption, JsonOption, LimitOption
from watchdog.cli.staying import stay

if TYPE_CHECKING:
    from watchdog.cli.changes_asked import Place, Wanted
    from watchdog.cli.paced import Paced
    from watchdog.clock import Clock
    from watchdog.timeline.changes import Shown

_DEFAULT_SINCE = "1h"


def changes(
    *,
    config: ConfigOption = DEFAULT_CONFIG,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C or SIGTERM.")] = False,
    as_json: JsonOption = False,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="Only changes of this kind of entity (job, queue, …) or of this name (QueueGrew, …); may be given more than once.",
            show_default=False,
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="WHEN",
            help="Without --follow: from when on; how long ago (10m), or a time (2026-03-01T02:00:00Z). [default: 1h]",
        ),
    ] = None,
    until: BeforeOption = None,
    entity: EntityOption = None,
    limit: LimitOption = None,
    after: Annotated[
        str | None, typer.Option("--after", metavar="PLACE", help="Only those that follow there, as the end of an earlier list said it.")
    ] = None,
) -> int:
    """
    Show what changed in Sidekiq, or with --follow what changes.

    Without --follow: what the agent has recorded, whether it runs or not; what was not recorded is said. Ends with 3 if nothing ever was.
    With --follow: reads Redis and this host's processes by itself, beside an agent or without one, and changes nothing; what is there at the
    start is no change. When Redis can't be read that is said, whatever --kind asks for, and following goes on.

    In JSON a change has `from` and `to` (null where there is no value; durations in milliseconds, sizes in bytes), and in `seen` the readings of what changed.
    """
    from watchdog.cli.asked import word
    from watchdog.cli.changes_asked import Wanted, read_place
    from watchdog.cli.span import read_span

    names = _names(kind or ())
    if follow:
        options = {"--since": since, "--until": until, "--after": after, "--limit": limit}
        if beside := [option for option, value in options.items() if value is not None]:
            raise UsageError(f"--follow shows what changes from now on, so it goes without {', '.join(beside)}")
        stay()
        return _follow(config, names, Wanted(entity=word("--entity", entity)), as_json)
    place = None if after is None else read_place(after)
    span = read_span(since or _DEFAULT_SINCE if place is None else since, until)
    wanted = Wanted(entity=word("--entity", entity), until=span.until, after=place, limit=limit)
    stay()
    # What is missing of earlier is told in the moment from which on it is looked, which must not be that of the place.
    begin = span.since if span.since is not None else 0 if place is None else place.wall - 1
    return _show_recorded(config, names, begin, wanted, as_json)


def _names(kinds: Iterable[str]) -> frozenset[str]:
    """The changes that are asked for: by name, or by the kind of what changes."""
    from watchdog.lang.complaint import nearest, quoted
    from watchdog.model.changes import CHANGES
    from watchdog.timeline.changes import SOURCE

    every = {spec.name: {spec.name} for spec in CHANGES}
    for spec in CHANGES:
        every.setdefault(spec.kind, set()).add(spec.name)
    every[SOURCE] = set()
    asked = list(kinds)
    for one in asked:
        if one not in every:
            meant = nearest(one, every)
            kinds_ = ", ".join(sorted({*(spec.kind.value for spec in CHANGES), SOURCE}))
            hint = f"did you mean {meant}?" if meant else f"it is one of {kinds_}, or the name of a change"
            raise UsageError(f"--kind: there is no change {quoted(one)} (hint: {hint})")
    return frozenset(name for one in asked or [spec.name for spec in CHANGES] for name in every[one])


def _show_recorded(config: Path, names: frozenset[str], since: int, wanted: "Wanted", as_json: bool) -> int:
    from watchdog.cli.changes_asked import pieced
    from watchdog.cli.output import errors
    from watchdog.cli.state import state_folder
    from watchdog.timeline.failures import NothingRecordedError
    from watchdog.timeline.recorded import recorded

    say = _printer(as_json)
    last: list[Place] = []
    number = 0
    try:
        for number, one in enumerate(pieced(recorded(state_folder(config), since=since, names=names), wanted, last=last), start=1):  # noqa: B007  (how many there were)
            say(one)
    except NothingRecordedError as error:
        raise NothingToShowError(f"{error}; --follow shows what changes from now on") from error
    if not number:
        errors().line(("no change fits what was asked for", "dim"))
    elif last:
        errors().line((f"more changes follow: --after {last[0]}", "dim"))
    return Exit.FINE


def _follow(config: Path, names: frozenset[str], wanted: "Wanted", as_json: bool) -> int:
    import asyncio

    from watchdog.cli.logs import Level, begin_logging
    from watchdog.cli.sources import sources_of

    settings = sources_of(config)
    # What the follower would warn of is said on lines of its own.
    begin_logging(Level.ERROR, sys.stderr)

    async def until_told() -> None:
        from watchdog.cli.following import Following
        from watchdog.clock import Clock

        clock = Clock()
        printed = _printed(clock, as_json)

        def show(one: "Shown") -> None:
            if wanted.fits(one):
                printed.put(one)

        following = Following(settings, names=names, show=show, clock=clock)
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(following.run(), name="following"), group.create_task(printed.run(), name="printing")]
            await stop.wait()
            for task in tasks:
                task.cancel()
        printed.rest()

    try:
        asyncio.run(until_told())
    except* BrokenPipeError as left:
        broken = left
    else:
        return Exit.FINE
    raise BrokenPipeError from broken


def _printed(clock: "Clock", as_json: bool) -> "Paced[Shown]":
    from watchdog.cli.paced import Paced
    from watchdog.timeline.changes import of_source

    def left_out(number: int) -> "Shown":
        return of_source("NotShown", at=clock.wall(), source="output", reason=f"{number:,} changes came faster than they were read")

    return Paced(sys.stdout, say=_printer(as_json), left_out=left_out)


def _printer(as_json: bool) -> "Callable[[Shown], None]":
    from watchdog.cli.change_lines import line, plain
    from watchdog.cli.output import output, say_json

    if as_json:
        return lambda one: say_json(plain(one))
    out = output()
    return lambda one: out.line(*line(one))
