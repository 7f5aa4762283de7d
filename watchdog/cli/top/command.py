"""`top`: what the agent sees and does, live."""

import gc
import importlib.util
import os
import sys
from typing import Annotated

import typer

from watchdog.cli.exits import Exit, UsageError
from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption


def top(
    *,
    readonly: Annotated[bool, typer.Option("--readonly", help="Only look: nothing can be said to the agent.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> int:
    """
    Watch processes, queues, alerts, incidents and questions as they change, in a terminal.

    Lower case looks, UPPER CASE acts: pause, resume, approve, deny, acknowledge, silence, each after a confirmation that says what will happen. `?` shows the keys. An agent that goes away is waited for, and what was seen
    last stays. Needs the package textual.
    """
    from watchdog.cli.api import api_of

    if not sys.stdin.isatty() or not sys.stdout.isatty() or os.environ.get("TERM", "") in ("", "dumb"):
        raise UsageError("top draws on a terminal, and this is none that it can draw on; `status` says the same in lines")
    if importlib.util.find_spec("textual") is None:
        raise UsageError("top needs textual, which is not there: pip install 'sidekiq-watchdog[top]'; `status` says the same in lines")
    # A config that can't be read is said now, and not in a screen.
    api_of(config)
    from watchdog.cli.top.app import Top

    # Unlike other commands it stays, and what is drawn is thrown away many times a minute.
    gc.enable()
    app = Top(lambda: api_of(config), readonly=readonly)
    app.run()
    return Exit.FINE if app.return_code in (0, None) else Exit.FINDINGS
