"""
The command `sidekiq-watchdog`: one file a command, and what they all share about printing and exit codes.

Why: whoever types a command at 3 in the morning wants an answer that is right, short and at once. So commands work from
what is written down (config, rule files, the state folder) and not by asking an agent that may be
down; what they need is imported when they run; and every one of them ends with one of four codes (`exits.py`).

Nothing here judges anything: that is the engine's, and its words are only passed on.
"""

import gc
import os
import sys
from typing import Final

NAME: Final = "sidekiq-watchdog"


def main() -> None:
    """The entry point."""
    # Nothing that is imported ever goes away, and a command that ends at once need not tidy up: an eighth of its time. Those that stay enable it again.
    gc.disable()
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us (`>&-`)
            setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115  (takes no text, and lives as long as we do)
        elif hasattr(stream, "reconfigure"):
            # A job class with letters that this terminal lacks must not end a command half-way.
            stream.reconfigure(errors="backslashreplace")
    from watchdog.cli.app import command

    command()(prog_name=NAME)
