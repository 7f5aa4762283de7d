"""`status`: what the agent sees and does, or last saw and did, from what it wrote down."""

import json
import time
from typing import Annotated

import typer

from watchdog.cli.exits import Exit, NothingToShowError
from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from watchdog.cli.output import output, say_json
from watchdog.cli.state import state_folder


def status(
    sections: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SECTION…",
            help="Only these parts: sources, sidekiq, fleet, alerts, requests, approvals, incidents, armed, processes, units, queues, receivers, broken.",
            show_default=False,
        ),
    ] = None,
    *,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """
    Show what the agent sees and does, or some parts of it.

    Works from the state folder of the config; if the agent is down, it says so and shows the last that was seen. Ends with 1 if an alert fires,
    a source can't be read, a declared check fails or a reload was refused, with 3 if no agent runs, whichever parts are shown.

    In JSON it is one object, whose shape `schema status` prints; of some parts it has their keys, and those that say who speaks and why nothing is done.
    """
    from watchdog.cli.asked import one_of
    from watchdog.cli.picture import read_picture
    from watchdog.cli.view import HEAD, SECTIONS, show
    from watchdog.store.lock import is_running
    from watchdog.store.reading import read_status

    only = tuple(one_of("status", section, SECTIONS, what="section") for section in sections or ())
    folder = state_folder(config)
    data = read_status(folder)
    if data is None:
        raise NothingToShowError(f"the agent with the state folder {folder} has not said anything yet")
    picture, running = read_picture(data), is_running(folder) is not None
    age = max(0, time.time_ns() // 1_000_000 - picture.agent.at)
    if as_json:
        keys = {*HEAD, *(key for name in only for key in SECTIONS[name].keys)}
        say_json({"running": running, "age_ms": age, **{key: value for key, value in json.loads(data).items() if not only or key in keys}})
    else:
        show(output(), picture, running=running, age=age, only=only)
    if not running:
        return Exit.UNREACHABLE
    return (
        Exit.FINDINGS
        if picture.firing or picture.lost or picture.failing or picture.doubt is not None or picture.refused is not None
        else Exit.FINE
    )
