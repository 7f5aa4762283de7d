"""`demo`: a Sidekiq that gets stuck and is repaired before your eyes; needs nothing installed."""

from typing import Annotated

import typer

from watchdog.cli.staying import stay

ServeOption = Annotated[
    bool, typer.Option("--serve", help="Show the agent's page in a browser, too; after the story it stays open until Ctrl-C.")
]


def demo(*, serve: ServeOption = False) -> int:
    """
    Watch a stuck Sidekiq be repaired, in about a minute.

    A server, three workers and a job that wedges one of them, all in a temporary folder: first the agent says what it would do, then
    it does it. Nothing else on this machine is touched.
    """
    import asyncio

    from watchdog.demo import run_demo

    stay()
    return asyncio.run(run_demo(serve=serve))
