"""
The demonstration: a Sidekiq that gets stuck, and the agent that repairs it, in about a minute.

Why: nobody should have to break a server of his own to see what the program does. So the demo brings a
server, workers and a supervisor of its own, wedges one of the workers, and runs the very agent that
would run beside a real Sidekiq, first in dry-run, then in act. Only the workers are stand-ins: real processes that
speak Sidekiq's protocol, since Ruby may not be there.

It touches nothing but what it has started itself, in a temporary folder, and takes all of it away again.
"""

import os
from pathlib import Path


async def run_demo(*, serve: bool = False) -> int:
    """The whole demo, on standard output; with `serve` its page stays open after the story. Exit code 0; 1 if something did not go as it should; 130 when it was interrupted."""
    from watchdog.demo.curtain import run  # workers import this package, too, and need nothing of it

    os.environ["PYTHONPATH"] = found_from(os.environ.get("PYTHONPATH", ""))
    return await run(serve=serve)


def found_from(path: str) -> str:
    """That PYTHONPATH, with the place of this program before it: what the demo starts of its own kind must find it also where Python would not look, as in the Debian package."""
    return os.pathsep.join(filter(None, (str(Path(__file__).parents[2]), path)))
