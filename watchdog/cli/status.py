"""`status`: what the agent sees and does, or last saw and did, from what it wrote down."""

import json
import time

from watchdog.cli.exits import Exit, NothingToShowError
from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from watchdog.cli.output import output, say_json
from watchdog.cli.state import state_folder


def status(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> int:
    """
    Show what the agent sees and does.

    Works from the state folder of the config; if the agent is down, it says so and shows the last that was seen. Ends with 1 if an alert fires,
    a source can't be read, a declared check fails or a reload was refused, with 3 if no agent runs.
    """
    from watchdog.cli.picture import read_picture
    from watchdog.cli.view import show
    from watchdog.store.lock import is_running
    from watchdog.store.reading import read_status

    folder = state_folder(config)
    data = read_status(folder)
    if data is None:
        raise NothingToShowError(f"the agent with the state folder {folder} has not said anything yet")
    picture, running = read_picture(data), is_running(folder) is not None
    age = max(0, time.time_ns() // 1_000_000 - picture.agent.at)
    if as_json:
        say_json({"running": running, "age_ms": age, **json.loads(data)})
    else:
        show(output(), picture, running=running, age=age)
    if not running:
        return Exit.UNREACHABLE
    return (
        Exit.FINDINGS
        if picture.firing or picture.lost or picture.failing or picture.doubt is not None or picture.refused is not None
        else Exit.FINE
    )
