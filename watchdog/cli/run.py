"""`run`: the agent, in the foreground, until SIGTERM or Ctrl-C."""

import sys
from typing import Annotated

import typer

from watchdog.cli.exits import Exit, UsageError
from watchdog.cli.logs import Level, begin_logging
from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption
from watchdog.cli.staying import stay
from watchdog.errors import ProblemsError, WatchdogError
from watchdog.model.verdicts import Mode


def run(
    config: ConfigOption = DEFAULT_CONFIG,
    mode: Annotated[
        Mode | None,
        typer.Option(
            "--mode", metavar="|".join(Mode), help="Go no further than this; it lowers the mode of the config and never raises it."
        ),
    ] = None,
    log_level: Annotated[
        Level, typer.Option("--log-level", metavar="|".join(Level), help="How much to write to standard error.")
    ] = Level.INFO,
) -> int:
    """
    Run the agent until SIGTERM or Ctrl-C.

    SIGHUP reads config and rules again; a file with a mistake in it is refused, and what was in force stays.
    """
    import asyncio

    from watchdog.daemon import run_agent

    stay()
    begin_logging(log_level, sys.stderr)
    try:
        return asyncio.run(run_agent(config, mode=mode))
    except ProblemsError:
        raise
    except WatchdogError as error:
        # Mode above the config, or a state folder that can't be used: all of it is settled by config or command line.
        raise UsageError(str(error)) from error
    except KeyboardInterrupt:
        # Ctrl-C before the agent had its handlers in place: it had not begun.
        return Exit.FINE
