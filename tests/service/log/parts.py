"""A real Sidekiq of a suite whose output and whose notes of what really ran are read, in a format of choice."""

import asyncio
from pathlib import Path
from typing import Final

import redis.asyncio

from tests.service.matrix.parts import Sidekiq, Store, start_program
from tests.suites.inside import Inside

APP: Final = Path(__file__).parent / "app"
FORMATS: Final = {"default": {}, "dyno": {"DYNO": "web.1"}, "json": {"LOG_FORMAT": "JSON"}, "plain": {"LOG_FORMAT": "Plain"}}
"""Name → what must stand in its environment; `plain` exists from 8.0.1 on (logger.rb)."""


async def start_logging(
    suite: str, store: Store, *, form: str = "default", concurrency: int = 5, timeout: int = 2, tag: str = "logs"
) -> Sidekiq:
    """Start one and wait for its first beat."""
    inside = Inside(suite, app=APP, run=store.folder)
    log = store.folder / f"{tag}.log"
    env = {"REDIS_URL": store.url, "RUN_DIR": str(inside.run), **FORMATS[form]}
    command = inside.command(
        "sidekiq", "-r", f"{inside.app}/app.rb", "-q", "push", "-c", str(concurrency), "-t", str(timeout), "-g", tag, env=env
    )
    process = Sidekiq((await start_program(command, log)).process, tag, log)
    await process.wait_beat(store.client())
    return process


def notes(store: Store) -> tuple[set[str], set[str]]:
    """The jids whose `perform` has begun, and those whose has ended."""
    path = store.folder / "notes"
    words = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
    return ({jid for what, jid in words if what == "begun"}, {jid for what, jid in words if what == "ended"})


async def queued(client: redis.asyncio.Redis) -> list[str]:
    """The payloads that wait in the queue."""
    return [one.decode() for one in await client.lrange("queue:push", 0, -1)]


async def settle(seconds: float) -> None:
    """Let a load run for a while: nothing announces that it has been enough."""
    await asyncio.sleep(seconds)
