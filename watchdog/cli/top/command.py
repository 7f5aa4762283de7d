"""`top`: what the agent sees and does, live."""

import importlib.util
import os
import sys
from typing import Annotated

import typer

from watchdog.cli.exits import Exit, UsageError
from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption
from watchdog.cli.staying import stay


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

    if not can_draw():
        raise UsageError("top draws on a terminal, and this is none that it can draw on; `status` says the same in lines")
    if importlib.util.find_spec("textual") is None:
        raise UsageError("top needs textual, which is not there: pip install 'sidekiq-watchdog[top]'; `status` says the same in lines")
    # A config that can't be read is said now, and not in a screen.
    api_of(config)
    from watchdog.cli.top.app import Top

    stay()
    app = Top(lambda: api_of(config), readonly=readonly)
    app.run()
    return Exit.FINE if app.return_code in (0, None) else Exit.FINDINGS


def can_draw() -> bool:
    """Whether this is a terminal, and one that obeys."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "") not in ("", "dumb")
