"""`demo`: a Sidekiq that gets stuck and is repaired before your eyes; needs nothing installed."""

from watchdog.cli.staying import stay


def demo() -> int:
    """
    Watch a stuck Sidekiq be repaired, in about a minute.

    A server, three workers and a job that wedges one of them, all in a temporary folder: first the agent says what it would do, then
    it does it. Nothing else on this machine is touched.
    """
    import asyncio

    from watchdog.demo import run_demo

    stay()
    return asyncio.run(run_demo())
