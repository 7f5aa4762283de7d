"""How a command ends: the four exit codes, for scripts."""

from enum import IntEnum

from watchdog.errors import WatchdogError


class Exit(IntEnum):
    """
    What the exit code of a command says.

    Anything else is not ours: 130 after Ctrl-C, 141 where the reader of a pipe left, a traceback with 1 for a mistake of the program.
    """

    FINE = 0
    FINDINGS = 1  # the command did what it was asked to, and found something
    USAGE = 2  # the command line, the config or a rule file is wrong
    UNREACHABLE = 3  # there is no agent, nor anything that one left behind


class UsageError(WatchdogError):
    """The command can't be carried out as it was asked for."""


class UnfinishedError(WatchdogError):
    """The command was begun, and could not be carried out to its end."""


class NothingToShowError(WatchdogError):
    """No agent left what was asked for."""
