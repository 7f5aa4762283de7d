"""A receiver that can be asked how it stands is asked; of another one it is only tried whether its host takes connections."""

import asyncio
from typing import Any

import pytest

from watchdog.doctor import outside
from watchdog.doctor.found import Health
from watchdog.doctor.outside import Reached, receivers_of
from watchdog.receivers.receiver import RefusedError, TryAgainError
from watchdog.rulefile.receivers import ReceiverSettings


class Asked:
    """Says what it is told to, or raises it."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.closed = answer, False

    async def send(self, *_: Any) -> str:
        """Never: nobody is told anything."""
        raise AssertionError

    async def look(self) -> str:
        """Once."""
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is None:
            await asyncio.Event().wait()
        return str(self.answer)

    async def close(self) -> None:
        """It lets go."""
        self.closed = True


async def reach(monkeypatch, answer: Any, **values: Any) -> Reached:
    """What comes of looking at a receiver of that answer."""
    one = Asked(answer)
    monkeypatch.setattr(outside, "receivers", lambda settings, _clock: dict.fromkeys(settings, one))
    reached = await outside._reach(ReceiverSettings("room", "matrix", {"token": "t", **values}))
    assert one.closed or not all(values.values())
    return reached


@pytest.mark.parametrize(
    ("answer", "reached"),
    [
        ("signed in as @watchdog:example.org", Reached(says="signed in as @watchdog:example.org")),
        (RefusedError("the token is no longer valid; make a new one"), Reached(why="the token is no longer valid; make a new one")),
        (TryAgainError("no answer from the server"), Reached(why="no answer from the server")),
    ],
)
async def test_it_is_asked_how_it_stands(monkeypatch, answer, reached):
    """What it says is told, whatever it is, and its connections are let go."""
    assert await reach(monkeypatch, answer) == reached


async def test_a_secret_that_is_missing(monkeypatch):
    """It is not tried with a part of its settings."""
    assert "a secret is missing" in (await reach(monkeypatch, AssertionError(), secret="")).why


@pytest.mark.looptime
async def test_one_that_never_answers(monkeypatch):
    """It is waited for no longer than that."""
    assert await reach(monkeypatch, None) == Reached(why="no answer within 20 s")


def test_what_is_told_of_several():
    """Those that can't be used, and what to type once they are mended; else what each of them said."""
    found = receivers_of({"ops": Reached(), "room": Reached(why="the token is no longer valid")})
    assert (found.health, found.says) == (Health.FAIL, "room is not reached: the token is no longer valid")
    assert found.mend.endswith("sidekiq-watchdog notify test room")
    found = receivers_of({"room": Reached(says="signed in as @w:example.org, not encrypted"), "ops": Reached()})
    assert (found.health, found.says) == (Health.OK, "2 receivers reached: ops, room (signed in as @w:example.org, not encrypted)")
