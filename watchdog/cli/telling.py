"""
Leaving a command with the agent, and waiting for what it answers.

The answer is what the agent has written into its audit log, and nothing else. Where no agent runs the command stays: the next one heeds it before it does anything.
"""

import asyncio
import secrets
import time
from pathlib import Path
from typing import Any, Final

from watchdog.cli.desk import EVERY, agent_of
from watchdog.cli.exits import Exit, NothingToShowError, UnfinishedError
from watchdog.cli.output import output, say_json
from watchdog.engine.heard import REFUSED
from watchdog.model.told import Command

TAKEN_WITHIN: Final = 15.0
"""Seconds that an agent has to answer; it looks for commands twice a second."""


def new_id() -> str:
    """An id that no other command has; they sort by time, so that what waits for an agent is heard in the order in which it was said."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(4)}"


async def ask(state: Path, told: Command) -> dict[str, Any]:
    """
    Hand it over, and wait for the row of the audit log that answers it.

    Raises `NothingToShowError` where no agent answers, `StoreError`.
    """
    from watchdog.store.orders import lay_down, take_back

    if agent_of(state) is None:
        lay_down(state, told)
        raise NothingToShowError("no agent runs; the command stays, and the next one heeds it as it starts")
    seen = await asyncio.to_thread(_newest, state)
    lay_down(state, told)
    end = time.monotonic() + TAKEN_WITHIN
    while (answer := await asyncio.to_thread(_answer, state, told.id, seen)) is None:
        if time.monotonic() > end:
            taken_back = take_back(state, told.id)
            raise NothingToShowError(
                f"the agent has not answered within {TAKEN_WITHIN:.0f} s; "
                + ("the command is taken back" if taken_back else "it has the command, and `audit` tells what became of it")
            )
        await asyncio.sleep(EVERY)
    return answer


async def tell(state: Path, told: Command, *, as_json: bool) -> Exit:
    """Hand it over and say what came of it. Raises as `ask`, and `UnfinishedError` where it is refused."""
    answer = await ask(state, told)
    if as_json:
        say_json(answer)
        return Exit.FINDINGS if answer["outcome"] == REFUSED else Exit.FINE
    if answer["outcome"] == REFUSED:
        raise UnfinishedError(f"refused: {answer['reason']}")
    output().line((answer["outcome"], "good"), f": {answer['reason']}")
    return Exit.FINE


def _newest(state: Path) -> int:
    from watchdog.store.reading import read_audit

    return max((row["seq"] for row in read_audit(state, limit=1)), default=0)


def _answer(state: Path, told: str, after: int) -> dict[str, Any] | None:
    from watchdog.store.reading import read_audit

    rows = read_audit(state, after=after)
    return next((row for row in rows if row["kind"] == "operator" and row.get("detail", {}).get("told") == told), None)
