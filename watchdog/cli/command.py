"""
What all commands have in common: they return their exit code, and what they can't do is one clear line on standard error.

The counterpart of `errors.WatchdogError`, whose text is made for the operator. Any other exception is a mistake of the program
and is shown as Python shows it: never with the values of variables, which can be a secret or somebody's post.
"""

import os
import select
import signal
import sys
from typing import Any, Final

from typer.core import TyperCommand

from watchdog.cli.exits import Exit, NothingToShowError, UnfinishedError
from watchdog.errors import ProblemsError, WatchdogError

READER_LEFT: Final = 128 + signal.SIGPIPE


class Command(TyperCommand):
    """A command whose function returns an `Exit`."""

    def invoke(self, ctx: Any) -> Any:
        """Run it; ends by `SystemExit` or the framework's own exit."""
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
        except WatchdogError as error:
            code = complain(error)
        except BrokenPipeError as error:
            if not reader_left():
                # The framework would take it for a reader that left, and be silent.
                raise RuntimeError("a pipe or socket broke, and nobody took care of it") from error
            # What is still in the buffer must not fail once more when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = READER_LEFT
        ctx.exit(int(code))


def reader_left() -> bool:
    """Whether nobody reads standard output any more, as after `| head`: the kernel says so of the end that we hold (poll(2))."""
    asked = select.poll()
    asked.register(sys.stdout.fileno(), 0)  # an error or a hang-up is told in any case
    return bool(asked.poll(0))


def complain(error: WatchdogError) -> Exit:
    """Say on standard error what is wrong, and which code that means."""
    from watchdog.cli.output import errors
    from watchdog.cli.problems import show_problems
    from watchdog.store.failures import StoreError

    sys.stdout.flush()
    match error:
        case ProblemsError():
            show_problems(errors(), error.problems)
            return Exit.USAGE
        case StoreError() | NothingToShowError():
            code = Exit.UNREACHABLE
        case UnfinishedError():
            code = Exit.FINDINGS
        case _:
            code = Exit.USAGE
    errors().line(("sidekiq-watchdog: ", "bad"), str(error))
    return code
