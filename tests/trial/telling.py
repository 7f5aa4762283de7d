"""What an agent has said of the jobs of a process that it has ended, for the rows of trials."""

import re

from tests.service.agent import AgentProcess
from tests.trial.pool import Sum

_FIRST = 10


async def said_it_may_lose(agent: AgentProcess) -> int:
    """How many jobs, by its own word: those that it names and has no place for, and as many as it says that nobody names."""
    rows = await agent.audit()
    found = [row["outcome"] for row in rows if row["kind"] == "outcome" and row["outcome"].startswith("in flight: ")]
    last = found[-1] if found else ""
    named = sum(int(number) for number in re.findall(r"(\d+) (?:proven|likely|unknown)", last))
    unnamed = sum(int(number) for number in re.findall(r"up to (\d+) that nobody names", last))
    return named + unnamed - sum(row["kind"] == "intent" and row["stage"] == "put_back" for row in rows)


def told(agent: AgentProcess, found: Sum) -> list[str]:
    """What somebody wants to know of a case that failed."""
    lines = [line for line in agent.lines if "outcome" in line or "WARNING" in line]
    return [f"lost: {' '.join(found.lost[:_FIRST])}", f"twice: {' '.join(found.twice[:_FIRST])}", *lines]
