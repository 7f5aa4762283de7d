"""What the reference says that somebody can type is typed."""

import asyncio
import time

import pytest

from tests.unit.cli.conftest import apart
from tests.unit.cli.pictures import picture
from tests.unit.cli.test_recorded import FIRST, Agent, size
from watchdog.cli.app import command
from watchdog.cli.examples import EXAMPLES
from watchdog.store.lock import StateLock
from watchdog.store.trace import recorder as recorders


@pytest.mark.parametrize("line", [line for lines in EXAMPLES.values() for line in lines])
def test_it_works(line, ask, lived, leave, monkeypatch):
    """With what an agent has left that runs, and has lived through an incident."""
    monkeypatch.setattr(recorders, "RESERVE", 0)
    folder = lived("recovered")
    leave(status=picture(rules={"stuck-job": "act"}))

    async def record() -> None:
        agent = Agent(folder, time.time_ns() // 1_000_000 - 6_000_000)
        agent.record(FIRST, size(9))
        await agent.recorder.close()

    apart(lambda: asyncio.run(record()))
    lock = StateLock.take(folder)
    try:
        answer = ask(*line.split(), "-c", "config.yml")
    finally:
        lock.release()
    assert (answer.code, "Traceback" in answer.err) == (0, False), answer.err


def test_they_are_of_commands_that_there_are():
    """Each begins with the name under which it stands."""
    for name, lines in EXAMPLES.items():
        assert name in command().commands
        assert all(line.split()[0] == name for line in lines)
